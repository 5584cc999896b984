// What matters of a Pod object to who asks whether it was disturbed. Pure.

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  readonly isReady: boolean;
  readonly isBeingDeleted: boolean;
  readonly restarts: number;
  readonly address: string;
  /** Of all its containers, init containers too. */
  readonly containerIds: readonly string[];
}

interface ContainerStatus {
  readonly restartCount: number;
  readonly containerID?: string;
}

export function podFacts(pod: object): PodFacts {
  const { metadata, status = {} } = pod as {
    metadata: { namespace: string; name: string; uid: string; deletionTimestamp?: string };
    status?: {
      phase?: string;
      podIP?: string;
      conditions?: { type: string; status: string }[];
      containerStatuses?: ContainerStatus[];
      initContainerStatuses?: ContainerStatus[];
    };
  };
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    phase: status.phase ?? '',
    isReady: status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    isBeingDeleted: metadata.deletionTimestamp !== undefined,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    address: status.podIP ?? '',
    containerIds: containers.flatMap(({ containerID }) => (containerID ? [containerID.replace(/^.*:\/\//, '')] : [])),
  };
}
