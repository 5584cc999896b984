// Whether a pod still is on this node, as the cloud tells a node.
import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { asIfGot, listOfOne, nodeOfOwnPod } from '../../../src/cache/outbox/look-at-own-pod.ts';
import { entryOf, objectOf } from '../../support/outbox-entries.ts';

const bound: JsonObject = { ...objectOf('web', {}), kind: 'Pod', spec: { nodeName: 'node-1' } };
const ofPod = entryOf({
  class: 'pod-status',
  namespace: 'shop',
  subresource: 'status',
  identity: 'node',
  after: bound,
});
const answer = (statusCode: number, body: unknown) => ({
  statusCode,
  headers: { 'audit-id': 'x' },
  body: Buffer.from(JSON.stringify(body)),
});

test('only what the node itself wrote to a pod is looked for in the list of its pods', (t) => {
  t.is(nodeOfOwnPod(ofPod), 'node-1');
  t.is(nodeOfOwnPod({ ...ofPod, after: undefined, before: bound, op: 'delete' }), 'node-1');
  t.is(nodeOfOwnPod({ ...ofPod, writer: { ...ofPod.writer, identity: 'sa:shop:x', token: 't' } }), undefined);
  t.is(nodeOfOwnPod(entryOf()), undefined);
  t.is(
    listOfOne(ofPod.target, 'node-1'),
    '/api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dweb%2Cspec.nodeName%3Dnode-1',
  );
});

test('a pod that is in the list is as if it had been got; one that is not is 404; a refusal stays one', (t) => {
  const { kind: _kind, apiVersion: _version, ...item } = bound;
  const there = asIfGot(answer(200, { kind: 'PodList', apiVersion: 'v1', items: [item] }));
  t.is(there.statusCode, 200);
  t.deepEqual(JSON.parse(there.body.toString()), { ...bound, kind: 'Pod', apiVersion: 'v1' });
  const gone = asIfGot(answer(200, { kind: 'PodList', apiVersion: 'v1', items: [] }));
  t.like(gone, { statusCode: 404, headers: { 'audit-id': 'x' } });
  t.is(asIfGot(answer(403, {})).statusCode, 403);
});
