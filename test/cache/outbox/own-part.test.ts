import test from 'ava';
import { ownPart } from '../../../src/cache/outbox/own-part.ts';
import { entryOf, objectOf } from '../../support/outbox-entries.ts';

const before = objectOf('edge-1', { metadata: { labels: { old: '1' } }, spec: { taints: [] }, status: { n: 1 } });
const after = objectOf('edge-1', { metadata: { labels: { new: '1' } }, spec: { taints: [] }, status: { n: 2 } });
const cloud = objectOf('edge-1', {
  version: '20',
  metadata: { labels: { theirs: '1' } },
  spec: { taints: ['theirs'] },
  status: { n: 9 },
});

test('a status that is replayed brings back no label, taint or spec that the cloud has changed meanwhile', (t) => {
  const { base, edge } = ownPart(entryOf({ class: 'pod-status', subresource: 'status', before, after }), cloud);
  t.deepEqual(base, { ...cloud, status: { n: 1 } });
  t.deepEqual(edge, { ...cloud, status: { n: 2 } });
});

test('a node’s status may bring labels and annotations along, and nothing else', (t) => {
  const { edge } = ownPart(entryOf({ class: 'node-status', subresource: 'status', before, after }), cloud);
  t.deepEqual(edge.status, { n: 2 });
  t.deepEqual(edge.spec, cloud.spec);
  t.deepEqual((edge.metadata as { labels: unknown }).labels, { new: '1' });
});

test('what is written of the whole leaves the status to the cloud, unless it is a member like any other', (t) => {
  t.deepEqual(ownPart(entryOf({ before, after }), cloud).edge.status, { n: 9 });
  t.deepEqual(ownPart(entryOf({ before, after, isStatusInside: true }), cloud).edge.status, { n: 2 });
});
