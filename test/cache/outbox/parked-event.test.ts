import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import type { OutboxEntry } from '../../../src/cache/outbox/entry.ts';
import { parkedEvent } from '../../../src/cache/outbox/parked-event.ts';

const node: OutboxEntry = {
  sequence: 12,
  state: 'parked',
  target: {
    gvr: { group: '', version: 'v1', resource: 'nodes' },
    apiVersion: 'v1',
    kind: 'Node',
    namespace: '',
    name: 'edge-1',
    subresource: '',
  },
  class: 'node',
  conflict: 'cloud-wins',
  op: 'update',
  writer: { identity: 'node', userAgent: 'kubelet', fieldManager: '' },
  before: { metadata: { name: 'edge-1', uid: 'uid-before' } },
  cloudVersion: '7',
  after: { metadata: { name: 'edge-1', uid: 'uid-before' } },
  resourceVersion: '8',
  writtenAt: 0,
  firstWrittenAt: 0,
  writes: 1,
  parked: { reason: 'both sides changed metadata.labels.zone', code: 0, at: Date.UTC(2026, 10, 21, 10) },
};
const bodyOf = (entry: OutboxEntry) => parkedEvent(entry, 'edge-1')!.body as JsonObject;

test('the Event on an object of no namespace stands in default', (t) => {
  const request = parkedEvent(node, 'edge-1')!;
  t.is(request.namespace, 'default');
  t.like(request.body, {
    metadata: { namespace: 'default' },
    involvedObject: { kind: 'Node', name: 'edge-1', uid: 'uid-before' },
    firstTimestamp: '2026-11-21T10:00:00Z',
    message:
      'A write of the node, accepted by node edge-1 while the cloud was away, is parked: both sides changed metadata.labels.zone. On that node, "holdfast outbox show 12" shows all sides.',
  });
  t.false('namespace' in ((request.body as JsonObject).involvedObject as JsonObject));
});

test('it is on the object that the cloud has: by the uid that the cloud knows it by, or none', (t) => {
  const uid = (changes: Partial<OutboxEntry>) => (bodyOf({ ...node, ...changes }).involvedObject as JsonObject).uid;
  t.is(uid({ parked: { ...node.parked!, cloud: { metadata: { uid: 'uid-cloud' } } } }), 'uid-cloud');
  t.is(uid({ cloudUid: 'uid-of-cloud' }), 'uid-of-cloud');
  t.is(uid({ op: 'create', before: undefined }), undefined);
});

test('a long name and a long reason are cut to what an Event may have', (t) => {
  const name = 'n'.repeat(253);
  const target = { ...node.target, name };
  const event = bodyOf({ ...node, target, parked: { ...node.parked!, reason: 'r'.repeat(5000) } });
  t.is(String((event.metadata as JsonObject).name).length, 253);
  t.regex(String((event.metadata as JsonObject).name), /^n+\.[0-9a-f]+$/);
  t.true(String(event.message).length <= 1000);
  t.true(String(event.message).endsWith('"holdfast outbox show 12" shows all sides.'));
  t.is((event.involvedObject as JsonObject).name, name);
});

test('each parking has an Event of its own', (t) => {
  const again = { ...node, parked: { ...node.parked!, at: node.parked!.at + 1 } };
  t.notDeepEqual(bodyOf(node).metadata, bodyOf(again).metadata);
  t.notDeepEqual(bodyOf(node).metadata, bodyOf({ ...node, sequence: 13 }).metadata);
});

test('of an Event, and of what is not parked, nothing is told', (t) => {
  t.is(parkedEvent({ ...node, class: 'event' }, 'edge-1'), undefined);
  const { parked: _parked, ...waiting } = node;
  t.is(parkedEvent(waiting, 'edge-1'), undefined);
});
