// What kubelet writes: its Lease, the node's status, the status of pods and their last deletion, Events. It looks at its
// pods as an informer shows them, as kubelet does.
import type { JsonObject } from '../../src/apimachinery/json.ts';
import type { Client } from './client.ts';
import { nodeName } from './hub.ts';
import type { Informer } from './informer.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export const leasePath = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`;
export const nodePath = `/api/v1/nodes/${nodeName}`;
const strategic = 'application/strategic-merge-patch+json';

export class Kubelet {
  readonly #client: Client;
  readonly #pods: Informer;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  #lease: JsonObject | undefined;
  #events: string[] = [];

  constructor(client: Client, pods: Informer, scheduler: Scheduler, random: Random) {
    this.#client = client;
    this.#pods = pods;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  async act(): Promise<void> {
    switch (this.#random.weighted({ lease: 3, node: 3, status: 6, end: 2, event: 3, count: 2 })) {
      case 'lease':
        return await this.#renewLease();
      case 'node':
        return await this.#reportNode();
      case 'status':
        return await this.#reportPod();
      case 'end':
        return await this.#endPod();
      case 'event':
        return await this.#makeEvent();
      case 'count':
        return await this.#countEvent();
    }
  }

  /** As client-go's lease controller: with the version that it was answered with last; after a conflict with a fresh one. */
  async #renewLease(): Promise<void> {
    if (this.#lease === undefined) {
      const { statusCode, json } = await this.#client.get(leasePath);
      if (statusCode === 200) this.#lease = json;
      if (statusCode !== 404) return;
    }
    const renewTime = `${new Date(this.#scheduler.trueTime).toISOString().slice(0, -1)}000Z`;
    const lease = this.#lease ?? { metadata: { name: nodeName, namespace: 'kube-node-lease' } };
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime };
    const body = () => ({ kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', ...lease, spec });
    const verb = this.#lease === undefined ? 'create' : 'update';
    const { statusCode, json } = await this.#client.write({ verb, path: leasePath, fields: [], body });
    this.#lease = statusCode > 0 && statusCode < 300 ? json : undefined;
  }

  async #reportNode(): Promise<void> {
    const fields = ['status.conditions.Ready'];
    const body = (token: string) => ({
      status: {
        $setElementOrder: undefined,
        conditions: [{ type: 'Ready', status: 'True', message: token }],
      },
    });
    await this.#client.write({ verb: 'patch', path: `${nodePath}/status`, contentType: strategic, fields, body });
  }

  async #reportPod(): Promise<void> {
    const pod = this.#anyPod();
    if (pod === undefined) return;
    const { name, namespace, uid } = pod.metadata as Record<string, string>;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    const isLast = isTerminal(pod) || this.#random.chance(0.15);
    const phase = isLast ? 'Succeeded' : 'Running';
    const body = (token: string) => ({ metadata: { uid }, status: { phase, message: token } });
    await this.#client.write({ verb: 'patch', path, contentType: strategic, fields: ['status.message'], body });
  }

  /** What is to end, or has ended, is gone for good. */
  async #endPod(): Promise<void> {
    const pod = [...this.#pods.store.values()].find(
      (one) => isTerminal(one) || (one.metadata as JsonObject).deletionTimestamp !== undefined,
    );
    if (pod === undefined) return;
    const { name, namespace, uid } = pod.metadata as Record<string, string>;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const body = () => ({ gracePeriodSeconds: 0, preconditions: { uid } });
    await this.#client.write({ verb: 'delete', path, fields: [], uid: uid!, body });
  }

  async #makeEvent(): Promise<void> {
    const name = `event.${this.#random.letters(8)}`;
    const path = `/api/v1/namespaces/default/events/${name}`;
    const body = (token: string) => ({
      kind: 'Event',
      apiVersion: 'v1',
      metadata: { name, namespace: 'default' },
      involvedObject: { kind: 'Node', name: nodeName },
      reason: 'Simulated',
      message: token,
      type: 'Normal',
      count: 1,
    });
    const { statusCode } = await this.#client.write({ verb: 'create', path, fields: ['message'], body });
    if (statusCode === 201) this.#events.push(path);
  }

  async #countEvent(): Promise<void> {
    const path = this.#events.at(-1);
    if (path === undefined) return;
    const body = (token: string) => ({ message: token, count: 2 + this.#random.int(100) });
    await this.#client.write({ verb: 'patch', path, contentType: strategic, fields: ['message'], body });
  }

  #anyPod(): JsonObject | undefined {
    const pods = [...this.#pods.store.values()];
    return pods.length === 0 ? undefined : this.#random.pick(pods);
  }
}

function isTerminal({ status }: JsonObject): boolean {
  const { phase } = (status ?? {}) as { phase?: string };
  return phase === 'Succeeded' || phase === 'Failed';
}
