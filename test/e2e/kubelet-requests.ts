// The writes of kubelet 1.35 as they are on the wire: paths, headers, media types and the shape of every body as recorded
// from a real one. Protobuf where kubelet sends protobuf (all but patches), unless it is told to speak JSON. Answers in
// protobuf, as the apiserver gives them to such a kubelet, are decoded.
import { decodeProtobuf } from '../../src/apimachinery/protobuf/decode-protobuf.ts';
import { encodeProtobuf } from '../../src/apimachinery/protobuf/encode-protobuf.ts';
import type { Answer, ApiClient } from './api-client.ts';

export type KubeletContentType = 'protobuf' | 'json';

export const kubeletUserAgent = 'kubelet/v1.35.4 (linux/amd64) kubernetes/abcdef0';

const protobuf = 'application/vnd.kubernetes.protobuf';
const strategic = 'application/strategic-merge-patch+json';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const csiNodes = '/apis/storage.k8s.io/v1/csinodes';

// biome-ignore lint/suspicious/noExplicitAny: objects of every kind, as tests read and write them
type Sent = any;

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

export interface KubeletRequests {
  readonly nodeName: string;
  get(path: string): Promise<Answer>;
  /** POST of the whole Node, as at every start. */
  register(): Promise<Answer>;
  /** PATCH of the node's status: what has changed, conditions in kubelet's order. */
  reportNode(conditions: readonly Condition[], status?: object, metadata?: object): Promise<Answer>;
  createLease(renewTime: string, node: { readonly uid: string }): Promise<Answer>;
  /** PUT of the Lease as last answered, with a new time. */
  renewLease(lease: object, renewTime: string): Promise<Answer>;
  reportPod(pod: PodName, status: object): Promise<Answer>;
  /** The last word on a pod: containers and volumes are gone. */
  deletePod(pod: PodName): Promise<Answer>;
  /** A mirror pod. */
  createPod(namespace: string, pod: object): Promise<Answer>;
  postEvent(event: EventWords): Promise<Answer>;
  /** The same happened again. */
  patchEvent(name: string, namespace: string, count: number, message: string): Promise<Answer>;
  createCsiNode(node: { readonly uid: string }): Promise<Answer>;
  /** A driver has registered. */
  updateCsiNode(csiNode: object): Promise<Answer>;
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventWords {
  readonly name: string;
  readonly namespace?: string;
  readonly type?: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly involvedObject?: object;
}

/** @param client asked for each request: a hub that was started anew has another one */
export function kubeletRequests(
  client: () => ApiClient,
  nodeName: string,
  contentType: KubeletContentType = 'protobuf',
): KubeletRequests {
  const accept = contentType === 'protobuf' ? `${protobuf},application/json` : 'application/json, */*';
  const headers = { accept, 'accept-encoding': 'gzip', 'user-agent': kubeletUserAgent };
  const request = async (...asked: Parameters<ApiClient['request']>): Promise<Answer> => {
    const answer = await client().request(...asked);
    if (!answer.headers['content-type']?.startsWith(protobuf)) return answer;
    const { object } = decodeProtobuf(answer.raw, { apiVersion: '', kind: '' });
    return { ...answer, body: object };
  };
  const send = (method: string, path: string, object: Sent): Promise<Answer> => {
    const isPatch = method === 'PATCH';
    const body = isPatch || contentType === 'json' ? Buffer.from(JSON.stringify(object)) : encodeProtobuf(object);
    const type = isPatch ? strategic : contentType === 'json' ? 'application/json' : protobuf;
    return request(method, path, body, { headers: { ...headers, 'content-type': type } });
  };
  const pods = ({ namespace, name }: PodName) => `/api/v1/namespaces/${namespace}/pods/${name}`;
  return {
    nodeName,
    get: (path) => request('GET', path, undefined, { headers }),
    register: () => send('POST', '/api/v1/nodes', nodeObject(nodeName)),
    reportNode: (conditions, status = {}, metadata) =>
      send('PATCH', `/api/v1/nodes/${nodeName}/status?timeout=10s`, {
        ...(metadata && { metadata }),
        status: {
          ...(conditions.length > 0 && { '$setElementOrder/conditions': nodeConditionOrder, conditions }),
          ...status,
        },
      }),
    createLease: (renewTime, { uid }) =>
      send('POST', `${leases}?timeout=10s`, {
        ...leaseType,
        metadata: {
          name: nodeName,
          namespace: 'kube-node-lease',
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }],
        },
        spec: { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime },
      }),
    renewLease: (lease: Sent, renewTime) =>
      send('PUT', `${leases}/${nodeName}?timeout=10s`, {
        ...lease,
        ...leaseType,
        spec: { ...lease.spec, renewTime },
      }),
    reportPod: (pod, status) =>
      send('PATCH', `${pods(pod)}/status`, {
        metadata: { uid: pod.uid },
        status: { '$setElementOrder/conditions': podConditionOrder, ...status },
      }),
    deletePod: (pod) =>
      send('DELETE', pods(pod), {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        gracePeriodSeconds: 0,
        preconditions: { uid: pod.uid },
      }),
    createPod: (namespace, pod) => send('POST', `/api/v1/namespaces/${namespace}/pods`, pod),
    postEvent: (words) => {
      const { path, object } = eventOf(words, nodeName);
      return send('POST', path, object);
    },
    patchEvent: (name, namespace, count, message) =>
      send('PATCH', `/api/v1/namespaces/${namespace}/events/${name}`, {
        count,
        lastTimestamp: '2026-11-21T07:54:38Z',
        message,
      }),
    createCsiNode: ({ uid }) => send('POST', csiNodes, csiNodeObject(nodeName, uid)),
    updateCsiNode: (csiNode: Sent) =>
      send('PUT', `${csiNodes}/${nodeName}`, { ...csiNode, kind: 'CSINode', apiVersion: 'storage.k8s.io/v1' }),
  };
}

const leaseType = { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1' };
const nodeConditionOrder = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({ type }));
export const podConditionOrder = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
].map((type) => ({ type }));

/** What a pod's first container says while it runs, or when it has ended. */
export function containerStatus(state: object, changes: object = {}): object {
  return {
    containerID: 'containerd://3b19f530b6ba',
    image: 'registry.example/web:1',
    imageID: 'sha256:d79cdda4b14e',
    lastState: {},
    name: 'main',
    ready: 'running' in state,
    resources: {},
    restartCount: 0,
    started: 'running' in state,
    state,
    ...changes,
  };
}

/** As in the second PATCH of a new pod. */
export function runningStatus(podIP: string): object {
  const lastTransitionTime = '2026-11-21T07:55:08Z';
  return {
    ...elementOrder('podIPs', [{ ip: podIP }]),
    ...elementOrder('hostIPs', [{ ip: '192.0.2.17' }]),
    conditions: podConditionOrder.map(({ type }) => ({
      ...(type === 'PodScheduled' ? {} : { lastProbeTime: null, lastTransitionTime }),
      observedGeneration: 1,
      status: 'True',
      type,
    })),
    containerStatuses: [containerStatus({ running: { startedAt: '2026-11-21T07:55:07Z' } })],
    hostIP: '192.0.2.17',
    hostIPs: [{ ip: '192.0.2.17' }],
    observedGeneration: 1,
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: '2026-11-21T07:55:07Z',
  };
}

/** As kubelet says it of a pod whose containers have ended, before it deletes the pod. */
export function endedStatus(phase: 'Succeeded' | 'Failed', exitCode: number): object {
  const lastTransitionTime = '2026-11-21T07:59:18Z';
  const terminated = { exitCode, finishedAt: '2026-11-21T07:59:17Z', reason: exitCode === 0 ? 'Completed' : 'Error' };
  return {
    conditions: ['PodReadyToStartContainers', 'Ready', 'ContainersReady'].map((type) => ({
      lastTransitionTime,
      status: 'False',
      type,
      ...(type !== 'PodReadyToStartContainers' && { reason: phase === 'Failed' ? 'PodFailed' : 'PodCompleted' }),
    })),
    containerStatuses: [containerStatus({ terminated: { ...terminated, startedAt: '2026-11-21T07:55:50Z' } })],
    phase,
  };
}

function elementOrder(field: string, elements: readonly object[]): object {
  return { [`$setElementOrder/${field}`]: elements };
}

function nodeObject(name: string): Sent {
  const at = '2026-11-21T07:55:00Z';
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    lastHeartbeatTime: at,
    lastTransitionTime: at,
    reason,
    message: `${reason} on ${name}`,
  });
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: {
      name,
      labels: { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {},
    status: {
      capacity: {
        cpu: '2',
        'ephemeral-storage': '264212084Ki',
        'hugepages-2Mi': '0',
        memory: '24684092Ki',
        pods: '110',
      },
      allocatable: { cpu: '2', 'ephemeral-storage': '267847642337', memory: '24581692Ki', pods: '110' },
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
        condition('Ready', 'False', 'KubeletNotReady'),
      ],
      addresses: [
        { type: 'InternalIP', address: '192.0.2.17' },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: '0123456789abcdef0123456789abcdef',
        systemUUID: '0123456789abcdef0123456789abcdef',
        bootID: '538afcee-9d48-4b44-a47d-269ba25a4a1d',
        kernelVersion: '6.18.44',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        containerRuntimeVersion: 'containerd://1.6.20',
        kubeletVersion: 'v1.35.4',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
      images: [{ names: ['registry.example/web:1'], sizeBytes: 306654 }],
    },
  };
}

export function eventOf(
  { name, namespace = 'default', type = 'Normal', ...words }: EventWords,
  nodeName: string,
): { readonly path: string; readonly object: object } {
  const at = '2026-11-21T07:54:38Z';
  const object = {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: { name, namespace },
    involvedObject: { kind: 'Node', name: nodeName, apiVersion: 'v1' },
    source: { component: 'kubelet', host: nodeName },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    type,
    eventTime: null,
    reportingComponent: 'kubelet',
    reportingInstance: nodeName,
    ...words,
  };
  return { path: `/api/v1/namespaces/${namespace}/events`, object };
}

function csiNodeObject(name: string, uid: string): Sent {
  return {
    kind: 'CSINode',
    apiVersion: 'storage.k8s.io/v1',
    metadata: {
      name,
      annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs,kubernetes.io/azure-disk' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
    },
    spec: { drivers: [] },
  };
}
