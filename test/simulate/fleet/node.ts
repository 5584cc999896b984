// One node of the fleet: the product's own outbox and replayer, over a disk that takes no time, a link that comes back at a
// given moment, and the one apiserver of the whole fleet.
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import type { LinkGate } from '../../../src/cache/link-gate.ts';
import type { AcceptedWrite, WriteTarget } from '../../../src/cache/outbox/entry.ts';
import { NodeLease } from '../../../src/cache/outbox/node-lease.ts';
import { Outbox } from '../../../src/cache/outbox/outbox.ts';
import { Replayer } from '../../../src/cache/outbox/replayer.ts';
import type { WriteClass } from '../../../src/cache/writes/policy.ts';
import type { LoadedRecord, Records } from '../../../storage/records.ts';
import type { Owner, Scheduler } from '../scheduler.ts';
import type { Apiserver } from './apiserver.ts';

export interface NodeOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly apiserver: Apiserver;
  readonly rttMs: number;
  readonly onlineAfterMs: number;
  readonly perSecond: number;
  readonly jitterMs: number;
  /** Objects of users, pods, Events. */
  readonly owed: { readonly pods: number; readonly objects: number; readonly events: number };
}

export interface NodeStory {
  leaseAt?: number;
  statusAt?: number;
  caughtUpAt?: number;
  allAt?: number;
}

export async function liveAsNode(o: NodeOptions, signal: AbortSignal): Promise<NodeStory> {
  const { scheduler, apiserver, name } = o;
  const story: NodeStory = {};
  const owner: Owner = { isOver: false };
  const link = new ReturningLink();
  const lease = new NodeLease();
  const outbox = await Outbox.open({
    records: noDisk,
    limits: { entries: 50_000, bytes: 64_000_000, events: 5000 },
    onDropped: () => {},
    onUnreadable: () => {},
  });
  for (const write of writesOf(o)) {
    if (write.class === 'node-lease') lease.keep(write);
    else await outbox.add(write);
    if (write.before !== undefined) apiserver.put(pathOf(write.target), write.before);
  }
  let look: Promise<unknown> | undefined;
  const settled = (): void => {
    if (outbox.isEmpty) story.allAt = scheduler.now;
  };
  const replayer = new Replayer({
    outbox,
    cloud: { send: (request) => apiserver.answer(request, o.rttMs) },
    link,
    cluster: {
      doubt: () => {
        look = undefined;
      },
      verify: async () => {
        look ??= apiserver.pass(o.rttMs);
        await look;
      },
    },
    timing: scheduler.timing(owner),
    newestToken: () => undefined,
    hear: async () => {},
    lease,
    perSecond: o.perSecond,
    jitterMs: o.jitterMs,
    events: {
      asking: () => () => {},
      done: async (entry) => {
        if (entry.class === 'node-status') story.statusAt = scheduler.now;
        settled();
      },
      parked: async (entry) => {
        throw new Error(`${name} ${entry.target.name} was parked: ${entry.parked?.reason}`);
      },
      leaseEnded: async () => {
        story.leaseAt = scheduler.now;
      },
      began: () => {},
      interrupted: (error) => {
        throw error;
      },
      ended: () => {},
    },
  });
  scheduler.after(o.onlineAfterMs, owner, () => link.comeBack());
  void replayer.run(signal);
  void replayer.whenCaughtUp(signal).then(
    () => {
      story.caughtUpAt = scheduler.now;
    },
    () => undefined, // the simulation is over
  );
  return story;
}

class ReturningLink implements LinkGate {
  isOnline = false;
  readonly #online = Promise.withResolvers<void>();

  whenOnline(): Promise<void> {
    return this.#online.promise;
  }

  comeBack(): void {
    this.isOnline = true;
    this.#online.resolve();
  }
}

/** Only the way to the cloud is looked at here. */
const noDisk: Records = {
  write: async () => {},
  writeUrgent: async () => {},
  read: async () => undefined,
  async *load(): AsyncIterable<readonly LoadedRecord[]> {},
  sync: async () => {},
  health: { state: 'ok' },
  unsettled: [],
  diskBytes: async () => 0,
  close: async () => {},
};

function writesOf({ name, owed }: NodeOptions): readonly AcceptedWrite[] {
  const many = (count: number, write: (index: number) => AcceptedWrite): AcceptedWrite[] =>
    Array.from({ length: count }, (_, index) => write(index));
  const change = (target: WriteTarget, of: WriteClass): AcceptedWrite => written(target, of, { value: '1' });
  return [
    change(target('coordination.k8s.io', 'leases', 'Lease', 'kube-node-lease', name), 'node-lease'),
    change({ ...target('', 'nodes', 'Node', '', name), subresource: 'status' }, 'node-status'),
    ...many(owed.pods, (index) =>
      change({ ...target('', 'pods', 'Pod', 'shop', `${name}-${index}`), subresource: 'status' }, 'pod-status'),
    ),
    ...many(owed.objects, (index) => change(target('', 'configmaps', 'ConfigMap', 'shop', `${name}-${index}`), 'user')),
    ...many(owed.events, (index) =>
      written(target('', 'events', 'Event', 'shop', `${name}.${index}`), 'event', undefined),
    ),
  ];
}

function target(group: string, resource: string, kind: string, namespace: string, name: string): WriteTarget {
  const apiVersion = group === '' ? 'v1' : `${group}/v1`;
  return { gvr: { group, version: 'v1', resource }, apiVersion, kind, namespace, name, subresource: '' };
}

function written(to: WriteTarget, of: WriteClass, before: JsonObject | undefined): AcceptedWrite {
  const path = pathOf(to);
  const object = (data: JsonObject, resourceVersion: string): JsonObject => ({
    apiVersion: to.apiVersion,
    kind: to.kind,
    metadata: { name: to.name, ...(to.namespace !== '' && { namespace: to.namespace }), uid: path, resourceVersion },
    [to.subresource === 'status' ? 'status' : to.kind === 'Lease' ? 'spec' : 'data']: data,
  });
  return {
    target: to,
    class: of,
    conflict: 'edge-wins',
    op: before === undefined ? 'create' : 'update',
    writer: { identity: 'node', userAgent: 'kubelet', fieldManager: 'kubelet' },
    before: before && object(before, '1'),
    cloudVersion: before === undefined ? '' : '1',
    after: object({ value: '2' }, '2'),
    resourceVersion: '2',
    writtenAt: 0,
  };
}

function pathOf({ gvr, namespace, name }: WriteTarget): string {
  const root = gvr.group === '' ? '/api/v1' : `/apis/${gvr.group}/v1`;
  return `${root}${namespace === '' ? '' : `/namespaces/${namespace}`}/${gvr.resource}/${name}`;
}
