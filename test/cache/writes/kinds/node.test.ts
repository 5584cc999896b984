import test from 'ava';
import type { JsonObject } from '../../../../src/apimachinery/json.ts';
import {
  compute,
  isRefused,
  metadataOf,
  nodes,
  objectOf,
  patch,
  present,
  update,
} from '../../../support/offline-write.ts';

const node = objectOf(nodes, {}, { spec: { podCIDR: '10.1.0.0/24', taints: [{ key: 'a', effect: 'NoSchedule' }] } });
const status = (value: JsonObject, before = node) =>
  compute(patch(nodes, { status: value }, { subresource: 'status' }), present(before)).after!.status as JsonObject;
const refuses = (t: Parameters<typeof isRefused>[0], value: JsonObject, ...fields: string[]) =>
  isRefused(t, 422, patch(nodes, { status: value }, { subresource: 'status' }), present(node), fields);

test('what a node has can all be given away unless it says otherwise', (t) => {
  t.like(status({ capacity: { cpu: '4000m' } }), { capacity: { cpu: '4' }, allocatable: { cpu: '4' } });
  t.like(status({ capacity: { cpu: '4' }, allocatable: { cpu: '3' } }), { allocatable: { cpu: '3' } });
});

test('resources of a node are not negative, and what is counted comes in whole numbers', (t) => {
  refuses(t, { capacity: { memory: '-1' } }, 'status.capacity.memory');
  refuses(t, { allocatable: { pods: '1500m' } }, 'status.allocatable.pods');
  refuses(t, { capacity: { 'example.com/gpu': '500m' } }, 'status.capacity.example.com/gpu');
  refuses(t, { capacity: { services: '1n' } }, 'status.capacity.services');
  t.like(status({ capacity: { cpu: '500m', 'kubernetes.io/x': '1n', 'example.com/-': '500m' } }).capacity, {
    cpu: '500m',
  });
});

test('an address twice, and features out of order, are refused', (t) => {
  const address = { type: 'Hostname', address: 'n' };
  isRefused(t, 422, update(nodes, { ...node, status: { addresses: [address, address] } }, 'status'), present(node), [
    'status.addresses[1]',
  ]);
  refuses(t, { declaredFeatures: ['B', 'A'] }, 'status.declaredFeatures[1]');
  refuses(t, { declaredFeatures: ['A', 'A'] }, 'status.declaredFeatures[1]');
  refuses(t, { declaredFeatures: ['no good'] }, 'status.declaredFeatures[0]');
  t.deepEqual(status({ declaredFeatures: ['A', 'B/c'] }).declaredFeatures, ['A', 'B/c']);
});

test('a write to its status may change labels and annotations of a node, as kubelet and CNI daemons do', (t) => {
  const metadata = { labels: { a: 'b' }, annotations: { 'example.com/vtep': 'x' } };
  const { after } = compute(patch(nodes, { metadata }, { subresource: 'status' }), present(node));
  t.like(metadataOf(after), metadata);
});

test('the spec of a node, and what its annotations decree, is for the cloud to change', (t) => {
  isRefused(t, 503, patch(nodes, { spec: { unschedulable: true } }), present(node));
  isRefused(t, 503, patch(nodes, { spec: { taints: null } }), present(node));
  const annotations = { 'scheduler.alpha.kubernetes.io/taints': '[]' };
  isRefused(t, 503, patch(nodes, { metadata: { annotations } }), present(node));
  const kept = compute(patch(nodes, { spec: { unschedulable: true } }, { subresource: 'status' }), present(node));
  t.deepEqual(kept.op, 'none', 'a write to status does not touch it');
});
