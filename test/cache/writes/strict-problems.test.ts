// Bodies in which a member stands twice.
import test from 'ava';
import {
  absent,
  compute,
  configMaps,
  creation,
  objectOf,
  patch,
  present,
  refusal,
  update,
  widgets,
} from '../../support/offline-write.ts';

const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'one' }, data: { a: '2' } };
const duplicates = ['data.a', 'kind'];
const strict = { query: { dryRun: false, fieldManager: 'test', isStrict: true }, duplicates };

test('what stands twice is refused where the body is to be read strictly: 400 of an object, 422 of a patch', (t) => {
  const created = refusal({ ...creation(configMaps, body), ...strict }, absent);
  t.is(created.code, 400);
  t.is(
    created.message,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a", duplicate field "kind"',
  );
  const known = present(objectOf(configMaps, {}, { data: { a: '1' } }));
  t.is(refusal({ ...update(configMaps, body), ...strict }, known).code, 400);
  const patched = refusal(patch(configMaps, { data: { a: '2' } }, strict), known);
  t.is(patched.code, 422);
  t.regex(patched.message, /strict decoding error: duplicate field "data.a"/);
  const steps = [{ op: 'add', path: '/data/a', value: '2' }];
  const byJson = refusal(patch(configMaps, steps, { ...strict, patchType: 'json', duplicates: ['[0].op'] }), known);
  t.regex(byJson.message, /strict decoding error: json patch duplicate field "\[0\]\.op"/);
  const widget = { kind: 'Widget', apiVersion: 'example.com/v1', metadata: { name: 'one' } };
  t.is(refusal({ ...creation(widgets, widget), ...strict }, absent, { customStatus: true }).code, 400);
});

test('what stands twice is taken as its last where nobody asked for more', (t) => {
  const { after } = compute({ ...creation(configMaps, body), duplicates }, absent);
  t.deepEqual(after?.data, { a: '2' });
});
