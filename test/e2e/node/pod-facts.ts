// What matters of a Pod object to who asks whether it was disturbed. Pure.

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  readonly isReady: boolean;
  /** From the start of its container until it was last found ready, in whole seconds; undefined while it is not. */
  readonly readyAfterS: number | undefined;
  readonly isBeingDeleted: boolean;
  readonly restarts: number;
  readonly address: string;
  /** Of all its containers, init containers too. */
  readonly containerIds: readonly string[];
}

interface ContainerStatus {
  readonly restartCount: number;
  readonly containerID?: string;
  readonly state?: { readonly running?: { readonly startedAt: string } };
}

export function podFacts(pod: object): PodFacts {
  const { metadata, status = {} } = pod as {
    metadata: { namespace: string; name: string; uid: string; deletionTimestamp?: string };
    status?: {
      phase?: string;
      podIP?: string;
      conditions?: { type: string; status: string; lastTransitionTime: string }[];
      containerStatuses?: ContainerStatus[];
      initContainerStatuses?: ContainerStatus[];
    };
  };
  const ready = status.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
  const startedAt = status.containerStatuses?.[0]?.state?.running?.startedAt;
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    phase: status.phase ?? '',
    isReady: ready !== undefined,
    readyAfterS: ready && startedAt ? (Date.parse(ready.lastTransitionTime) - Date.parse(startedAt)) / 1000 : undefined,
    isBeingDeleted: metadata.deletionTimestamp !== undefined,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    address: status.podIP ?? '',
    containerIds: containers.flatMap(({ containerID }) => (containerID ? [containerID.replace(/^.*:\/\//, '')] : [])),
  };
}
