// A patch that is replayed says the same as the whole object would.
import test from 'ava';
import fc from 'fast-check';
import { equalJson, type JsonObject } from '../../../src/apimachinery/json.ts';
import { jsonMergePatch } from '../../../src/apimachinery/patch/json-merge-patch.ts';
import type { OutboxEntry } from '../../../src/cache/outbox/entry.ts';
import { updateRequest } from '../../../src/cache/outbox/update-request.ts';
import { jsonObject } from '../../support/json-arbitraries.ts';

const at = (version: string, rest: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  ...rest,
  metadata: { ...metadata, name: 'one', resourceVersion: version },
});

const target = { apiVersion: 'v1', kind: 'ConfigMap' } as OutboxEntry['target'];
const custom = { apiVersion: 'example.com/v1', kind: 'Widget' } as OutboxEntry['target'];
const verb = 'patch';

test('an update whose writer never patched is the whole object', (t) => {
  const object = at('7', { data: { a: '1' } });
  t.deepEqual(updateRequest({ target }, at('7', {}), object), {
    method: 'PUT',
    contentType: 'application/json',
    body: object,
  });
});

test('a patch is brought as a patch: what has changed, what is gone, and the version it was worked out on', (t) => {
  const base = at('7', { data: { a: '1', b: '2', c: '3' } }, { generation: 3 });
  const object = at('7', { data: { a: '1', b: '5' } }, { generation: 4, labels: { x: 'y' } });
  t.deepEqual(updateRequest({ verb, target }, base, object), {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { data: { b: '5', c: null }, metadata: { labels: { x: 'y' }, resourceVersion: '7' } },
  });
});

test('a null that a custom resource may mean is never turned into a deletion: the whole object is sent', (t) => {
  const object = at('7', { spec: { replicas: null, list: [{ time: null }] } });
  const base = at('7', { spec: { replicas: 2, list: [] } });
  t.is(updateRequest({ verb, target: custom }, base, object).method, 'PUT');
  t.is(updateRequest({ verb, target }, base, object).method, 'PATCH', 'Kubernetes’ own kinds know no null');
  t.is(updateRequest({ verb, target }, undefined, object).method, 'PUT', 'what it was made of is not known');
});

test('whatever the objects, the cloud has the same after the request as after a PUT', (t) => {
  fc.assert(
    fc.property(jsonObject, jsonObject, (before, after) => {
      const base = at('7', before);
      const object = at('7', after);
      const { method, body } = updateRequest({ verb, target: custom }, base, object);
      return equalJson(method === 'PUT' ? body : jsonMergePatch(base, body), object);
    }),
  );
  t.pass();
});
