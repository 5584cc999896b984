// A node without containers: it says that it is ready, runs every pod by saying so, and lets deleted pods go. It is scheduler
// and kubelet in one, as far as specs need them that only look at the API.
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';

export interface HollowNodeOptions {
  readonly name: string;
  /** Binds pods; of the apiserver itself. */
  readonly scheduler: ApiClient;
  /** With the node's certificate: reports, removes and follows pods. */
  readonly kubelet: ApiClient;
  /** How many pods it says it has room for. */
  readonly pods: number;
}

export interface HollowNode {
  /** Rejects when something went wrong on the way. */
  stop(): Promise<void>;
}

interface Pod {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { name: string; image: string }[] };
  readonly status: { readonly phase: string };
}

export async function startHollowNode({ name, scheduler, kubelet, pods }: HollowNodeOptions): Promise<HollowNode> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  const spec = { holderIdentity: name, leaseDurationSeconds: 40 };
  const lease = () => ({ metadata: { name }, spec: { ...spec, renewTime: microTime() } });
  await kubelet.expect('POST', leases, lease());
  const room = { cpu: '8', memory: '16Gi', pods: String(pods) };
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: time() }];
  await kubelet.expect('PATCH', `/api/v1/nodes/${name}/status`, {
    status: { conditions, capacity: room, allocatable: room },
  });

  /** A pod that is gone by now, or another of its name, is nobody's fault. */
  const tell = async (client: ApiClient, method: string, path: string, body: object): Promise<void> => {
    const headers = method === 'PATCH' ? { 'content-type': 'application/strategic-merge-patch+json' } : {};
    const answer = await client.request(method, path, body, { signal, headers });
    if (answer.status >= 300 && ![403, 404, 409].includes(answer.status)) {
      throw new Error(`hollow node: ${method} ${path}: ${answer.status} ${answer.raw}`);
    }
  };
  const renew = async () => {
    for (;;) {
      await delay(10_000, undefined, { signal });
      await kubelet.expect('PATCH', `${leases}/${name}`, { spec: lease().spec }, { signal });
    }
  };
  const bind = async () => {
    for await (const pod of everyPod(scheduler, 'spec.nodeName=', signal)) {
      const { namespace, name: podName, uid, deletionTimestamp } = pod.metadata;
      if (deletionTimestamp !== undefined) continue;
      const target = { apiVersion: 'v1', kind: 'Node', name };
      const path = `/api/v1/namespaces/${namespace}/pods/${podName}/binding`;
      await tell(scheduler, 'POST', path, {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: podName, uid },
        target,
      });
    }
  };
  const run = async () => {
    for await (const pod of everyPod(kubelet, `spec.nodeName=${name}`, signal)) {
      const { namespace, name: podName, uid, deletionTimestamp } = pod.metadata;
      const path = `/api/v1/namespaces/${namespace}/pods/${podName}`;
      if (deletionTimestamp !== undefined) {
        await tell(kubelet, 'DELETE', path, { gracePeriodSeconds: 0, preconditions: { uid } });
      } else if (pod.status.phase === 'Pending') {
        await tell(kubelet, 'PATCH', `${path}/status`, { metadata: { uid }, status: running(pod) });
      }
    }
  };
  const untilStopped = (loop: Promise<void>) =>
    loop.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  const work = Promise.allSettled([renew(), bind(), run()].map(untilStopped));
  return {
    async stop() {
      stopping.abort();
      for (const one of await work) {
        if (one.status === 'rejected') throw one.reason;
      }
    },
  };
}

/** Each pod when it is first seen and whenever it changes, until `signal`. */
async function* everyPod(client: ApiClient, fieldSelector: string, signal: AbortSignal): AsyncGenerator<Pod> {
  const path = `/api/v1/pods?watch=true&fieldSelector=${encodeURIComponent(fieldSelector)}`;
  while (!signal.aborted) {
    for await (const { type, object } of client.watch(path, { signal })) {
      if (type === 'ADDED' || type === 'MODIFIED') yield object;
    }
  }
}

function running({ spec }: Pod): object {
  const startedAt = time();
  return {
    phase: 'Running',
    startTime: startedAt,
    podIP: '192.0.2.18',
    podIPs: [{ ip: '192.0.2.18' }],
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' })),
    containerStatuses: spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      containerID: `hollow://${name}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt } },
    })),
  };
}

/** metav1.Time has seconds, MicroTime exactly six digits of them. */
function time(): string {
  return microTime().replace(/\.\d+/, '');
}

function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
