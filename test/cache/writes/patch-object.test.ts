import test from 'ava';
import type { JsonObject, JsonValue } from '../../../src/apimachinery/json.ts';
import {
  absent,
  compute,
  configMaps,
  isRefused,
  nodes,
  objectOf,
  patch,
  present,
  widgets,
} from '../../support/offline-write.ts';

const map = objectOf(configMaps, { labels: { app: 'a' } }, { data: { a: '1' } });
const json = (body: JsonValue) => patch(configMaps, body, { patchType: 'json' });
const strategic = (body: JsonValue) => patch(configMaps, body, { patchType: 'strategic' });

test('the three kinds of patch say the same in their own words', (t) => {
  for (const request of [
    patch(configMaps, { data: { a: null, b: '2' } }),
    strategic({ data: { a: null, b: '2' } }),
    json([
      { op: 'remove', path: '/data/a' },
      { op: 'add', path: '/data/b', value: '2' },
    ]),
  ]) {
    t.deepEqual(compute(request, present(map)).after?.data, { b: '2' });
  }
});

test('a patch that is no patch is 400, one that does not fit the object 422, one that is too long 413', (t) => {
  const known = present(map);
  for (const body of ['text', 7, ['a']]) {
    isRefused(t, 400, patch(configMaps, body), known);
    isRefused(t, 400, strategic(body), known);
  }
  isRefused(t, 400, json({ op: 'add' }), known);
  isRefused(t, 422, json([{ op: 'remove', path: '/data/none' }]), known);
  isRefused(t, 422, json([{ op: 'test', path: '/data/a', value: '2' }]), known);
  isRefused(t, 413, json(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: '1' }))), known);
  isRefused(t, 422, patch(configMaps, { data: { a: 1 } }), known);
  isRefused(t, 422, patch(configMaps, { data: 'text' }), known);
  isRefused(t, 500, strategic({ metadata: { ownerReferences: [{ name: 'no uid' }] } }), present(owned));
});
const owned = objectOf(configMaps, { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }] });

test('a patch makes no other kind of an object', (t) => {
  isRefused(t, 422, patch(configMaps, { kind: 'Secret' }), present(map));
  isRefused(t, 422, json([{ op: 'replace', path: '/apiVersion', value: 'v2' }]), present(map));
  isRefused(t, 422, patch(configMaps, { kind: true }), present(map));
  isRefused(t, 422, strategic({ apiVersion: ['v1'] }), present(map));
  t.is(compute(strategic({ kind: 'Secret', data: { a: '2' } }), present(map)).after?.kind, 'ConfigMap');
});

test('a patch that takes its kind or version from an object ends as in the cloud, each kind in its own way', (t) => {
  const widget = objectOf(widgets, {}, { spec: { size: 1 } });
  isRefused(t, 422, patch(widgets, { kind: null }), present(widget));
  isRefused(t, 500, patch(widgets, { apiVersion: null }), present(widget));
  isRefused(t, 422, patch(widgets, { kind: 'Other', apiVersion: 'v1' }), present(widget), ['kind', 'apiVersion']);
  const onlyStatus = patch(widgets, { kind: 'Other', status: { phase: 'On' } }, { subresource: 'status' });
  t.like(compute(onlyStatus, present(widget), { customStatus: true }).after, {
    kind: 'Widget',
    status: { phase: 'On' },
  });
  isRefused(t, 400, patch(configMaps, { apiVersion: null }), present(map));
  t.is(compute(patch(configMaps, { kind: null }), present(map)).op, 'none');
});

test('a custom resource takes merge and JSON patches, and no strategic one, whatever stands there', (t) => {
  const widget = objectOf(widgets, {}, { spec: { list: [1, 2], keep: true } });
  const made = compute(patch(widgets, { spec: { list: [3] } }), present(widget));
  t.deepEqual(made.after?.spec, { list: [3], keep: true });
  const operations = [{ op: 'add', path: '/spec/list/-', value: 4 }];
  const added = compute(patch(widgets, operations, { patchType: 'json' }), present(widget));
  t.deepEqual(added.after?.spec, { list: [1, 2, 4], keep: true });
  for (const known of [present(widget), absent]) {
    isRefused(t, 415, patch(widgets, {}, { patchType: 'strategic' }), known);
  }
});

test('a field that is new in the cloud stays where it is, and is not taken from anybody here', (t) => {
  const newer = objectOf(
    nodes,
    {},
    { status: { shine: 'bright', addresses: [{ type: 'Hostname', address: 'n', dusty: 1 }] } },
  );
  const kept = compute(patch(nodes, { status: { phase: 'Running' } }, { subresource: 'status' }), present(newer));
  t.like(kept.after?.status, { shine: 'bright', phase: 'Running' });
  t.deepEqual((kept.after!.status as JsonObject).addresses, [{ type: 'Hostname', address: 'n', dusty: 1 }]);
  const unheard = { status: { unheard: 1 } };
  isRefused(t, 503, patch(nodes, unheard, { subresource: 'status' }), present(newer));
  isRefused(t, 503, patch(configMaps, { shiny: true }), present(map));
});
