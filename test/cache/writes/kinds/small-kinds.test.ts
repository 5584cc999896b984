// Lease, CSINode, PersistentVolumeClaim and custom resources.
import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../../src/apimachinery/json.ts';
import { quantityNanos } from '../../../../src/cache/writes/kinds/quantity-value.ts';
import { isCustomResource } from '../../../../src/cache/writes/kinds/rules-of.ts';
import {
  absent,
  claims,
  compute,
  creation,
  csiNodes,
  isRefused,
  leases,
  metadataOf,
  objectOf,
  patch,
  present,
  update,
  widgets,
} from '../../../support/offline-write.ts';

test('a Lease lasts for some time, and its fields of coordinated elections are left to the clusters that use them', (t) => {
  const lease = (spec: JsonObject) => creation(leases, { metadata: { name: 'one' }, spec });
  isRefused(t, 422, lease({ leaseDurationSeconds: 0 }), absent, ['spec.leaseDurationSeconds']);
  isRefused(t, 422, lease({ leaseTransitions: -1 }), absent, ['spec.leaseTransitions']);
  const made = compute(
    lease({ holderIdentity: 'one', strategy: 'OldestEmulationVersion', preferredHolder: 'x' }),
    absent,
  );
  t.deepEqual(made.after?.spec, { holderIdentity: 'one' });
  const used = present(objectOf(leases, {}, { spec: { strategy: 'OldestEmulationVersion' } }));
  t.like(compute(patch(leases, { spec: { holderIdentity: 'two' } }), used).after?.spec, {
    strategy: 'OldestEmulationVersion',
  });
  isRefused(t, 422, patch(leases, { spec: { strategy: 'Odd' } }), used, ['spec.strategy.strategy']);
});

const driver = { name: 'a.csi.example.com', nodeID: 'n', topologyKeys: ['zone'], allocatable: { count: 5 } };
const csiNode = (...drivers: JsonObject[]) => ({ metadata: { name: 'one', resourceVersion: '7' }, spec: { drivers } });

test('drivers of a CSINode are known by their names, and keep all but how much they take', (t) => {
  const before = present(objectOf(csiNodes, {}, { spec: { drivers: [driver] } }));
  t.is(compute(update(csiNodes, csiNode({ ...driver, allocatable: { count: 6 } })), before).op, 'update');
  t.is(compute(update(csiNodes, csiNode(driver, { ...driver, name: 'b' })), before).op, 'update');
  t.is(compute(update(csiNodes, csiNode()), before).op, 'update', 'a driver may leave');
  isRefused(t, 422, update(csiNodes, csiNode({ ...driver, nodeID: 'm' })), before, ['spec.drivers']);
  const refuses = (one: JsonObject, field: string) =>
    isRefused(t, 422, update(csiNodes, csiNode(one)), present(objectOf(csiNodes, {}, { spec: { drivers: [] } })), [
      field,
    ]);
  refuses({ ...driver, name: '' }, 'spec.drivers[0].name');
  refuses({ ...driver, nodeID: '' }, 'spec.drivers[0].nodeID');
  refuses({ ...driver, nodeID: 'n'.repeat(257) }, 'spec.drivers[0].nodeID');
  refuses({ ...driver, allocatable: { count: -1 } }, 'spec.drivers[0].allocatable.count');
  refuses({ ...driver, topologyKeys: ['zone', 'zone'] }, 'spec.drivers[0]');
  isRefused(t, 422, update(csiNodes, csiNode(driver, driver)), before, ['spec.drivers[1].name']);
});

test('kubelet tells how far the growth of a volume is; of the claim itself nothing is written here', (t) => {
  const claim = present(objectOf(claims, {}, { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } }));
  const status = (value: JsonObject) =>
    patch(claims, { spec: { volumeName: 'x' }, status: value }, { subresource: 'status' });
  const { after } = compute(status({ allocatedResourceStatuses: { storage: 'NodeResizeInProgress' } }), claim);
  t.like(after, { status: { phase: 'Bound', allocatedResourceStatuses: { storage: 'NodeResizeInProgress' } } });
  t.is((after!.spec as JsonObject).volumeName, undefined);
  t.is((compute(status({ phase: null }), claim).after!.status as JsonObject).phase, 'Pending');
  const states = 'status.allocatedResourceStatuses';
  isRefused(t, 422, status({ allocatedResourceStatuses: { storage: 'Odd' } }), claim, [states]);
  isRefused(t, 422, status({ allocatedResourceStatuses: { cpu: 'NodeResizePending' } }), claim, [states]);
  isRefused(t, 422, status({ allocatedResources: { 'no good': '1' } }), claim, ['status.allocatedResources']);
  isRefused(t, 422, status({ allocatedResources: { storage: '-1' } }), claim, ['status.allocatedResources[storage]']);
  isRefused(t, 422, status({ capacity: { storage: '-1' } }), claim, ['status.capacity[storage]']);
  const own = { 'example.com/x': 'NodeResizePending' };
  t.is(compute(status({ allocatedResourceStatuses: own }), claim).op, 'update');
  isRefused(t, 503, patch(claims, { metadata: { labels: { a: 'b' } } }), claim);
  isRefused(t, 503, creation(claims, { metadata: { name: 'one' } }), absent);
});

const widget = objectOf(widgets, { generation: 2 }, { spec: { size: 1 }, status: { phase: 'On' } });

test('the generation of a custom resource counts changes of what it is to be', (t) => {
  const generation = (body: JsonObject, subresource = '') =>
    metadataOf(compute(patch(widgets, body, { subresource }), present(widget), { customStatus: true }).after)
      .generation;
  t.is(generation({ spec: { size: 2 } }), 3);
  t.is(generation({ metadata: { labels: { a: 'b' } } }), 2);
  t.is(generation({ spec: { size: 9 }, status: { phase: 'Off' } }, 'status'), 2);
  const made = compute(creation(widgets, { kind: 'Widget', metadata: { name: 'one' } }), absent, {
    customStatus: true,
  });
  t.is(metadataOf(made.after).generation, 1);
});

test('a custom resource must say of which kind it is, and fit into etcd', (t) => {
  const about = { customStatus: false };
  isRefused(t, 400, creation(widgets, { metadata: { name: 'one' } }), absent, [], about);
  isRefused(t, 422, creation(widgets, { kind: 'Gadget', metadata: { name: 'one' } }), absent, ['kind'], about);
  const large = { kind: 'Widget', metadata: { name: 'one' }, spec: { text: 'x'.repeat(1.6e6) } };
  isRefused(t, 413, creation(widgets, large), absent, [], about);
});

test('groups of Kubernetes’ own and of its aggregated servers hold no custom resources', (t) => {
  const isCustom = (group: string) => isCustomResource({ gvr: { group } });
  for (const group of ['', 'apps', 'networking.k8s.io', 'metrics.k8s.io', 'apiextensions.k8s.io'])
    t.false(isCustom(group), group);
  for (const group of ['example.com', 'snapshot.storage.k8s.io', 'gateway.networking.k8s.io'])
    t.true(isCustom(group), group);
});

test('a quantity is worth the same however it is written', (t) => {
  const pairs = [
    ['1', '1000m'],
    ['1Ki', '1024'],
    ['1.5Gi', '1536Mi'],
    ['1e3', '1k'],
    ['1E3', '1000'],
    ['100u', '0.1m'],
    ['-1', '-1000m'],
    ['1E', '1000P'],
    ['0', '-0'],
    ['.5', '500m'],
    ['5.', '5'],
    ['+2', '2'],
    ['0.5n', '1n'],
  ] as const;
  for (const [one, other] of pairs) t.is(quantityNanos(one), quantityNanos(other), `${one} ${other}`);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), (milli) => {
      t.is(quantityNanos(`${milli}m`), BigInt(milli) * 1_000_000n);
      t.is(quantityNanos(`-${milli}Mi`), -BigInt(milli) * 1_048_576n * 1_000_000_000n);
    }),
  );
});
