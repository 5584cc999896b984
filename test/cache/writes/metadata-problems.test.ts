import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import {
  asPrefix,
  dataKeyProblems,
  dnsLabelProblems,
  generatedName,
  pathSegmentProblems,
  subdomainProblems,
} from '../../../src/cache/writes/name-syntax.ts';
import {
  absent,
  compute,
  configMaps,
  creation,
  csiNodes,
  isRefused,
  leases,
  metadataOf,
  objectOf,
  patch,
  pods,
  present,
} from '../../support/offline-write.ts';

const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' };
const refuses = (t: Parameters<typeof isRefused>[0], metadata: JsonObject, ...fields: string[]) =>
  isRefused(t, 422, creation(configMaps, { metadata: { name: 'one', ...metadata } }), absent, fields);

test('labels, annotations, owners and finalizers are held to the rules of the apiserver, each by its field', (t) => {
  refuses(t, { labels: { app: 'not good' } }, 'metadata.labels');
  refuses(t, { labels: { 'a/b/c': 'x' } }, 'metadata.labels');
  refuses(t, { annotations: { 'not good': 'x' } }, 'metadata.annotations');
  refuses(t, { annotations: { a: 'x'.repeat(256 * 1024) } }, 'metadata.annotations');
  refuses(t, { finalizers: ['Not/Good/Name'] }, 'metadata.finalizers');
  refuses(t, { finalizers: ['orphan', 'foregroundDeletion'] }, 'metadata.finalizers');
  refuses(t, { generation: -1 }, 'metadata.generation');
  refuses(t, { ownerReferences: [{ ...owner, uid: '' }] }, 'metadata.ownerReferences.uid');
  refuses(t, { ownerReferences: [{ ...owner, apiVersion: '' }] }, 'metadata.ownerReferences.apiVersion');
  refuses(t, { ownerReferences: [{ ...owner, kind: 'Event' }] }, 'metadata.ownerReferences');
  const controllers = ['a', 'b'].map((uid) => ({ ...owner, uid, controller: true }));
  refuses(t, { ownerReferences: controllers }, 'metadata.ownerReferences');
  const sound = { labels: { app: '' }, annotations: { 'Example.com/Note': 'ü' }, finalizers: ['example.com/hold'] };
  t.is(compute(creation(configMaps, { metadata: { name: 'one', ...sound } }), absent).op, 'create');
});

test('all problems are told at once, and each once', (t) => {
  const body = { metadata: { name: 'Bad_Name', labels: { app: 'not good' } }, data: { 'bad key': 'x' } };
  isRefused(t, 422, creation(configMaps, body), absent, ['metadata.name', 'metadata.labels', 'data[bad key]']);
});

test('an owner that is named twice in the same words is one', (t) => {
  const made = compute(creation(configMaps, { metadata: { name: 'one', ownerReferences: [owner, owner] } }), absent);
  t.deepEqual(metadataOf(made.after).ownerReferences, [owner]);
});

test('kinds without a namespace look past one, the others need one', (t) => {
  const made = compute(
    creation(csiNodes, { metadata: { name: 'one', namespace: 'x' }, spec: { drivers: [] } }),
    absent,
  );
  t.is(metadataOf(made.after).namespace, undefined);
  const nowhere = { ...leases, namespace: '' };
  isRefused(t, 422, creation(nowhere, { metadata: { name: 'one' } }), absent, ['metadata.namespace']);
});

test('a name that was taken when rules were laxer does not stand in the way of later writes', (t) => {
  const odd = objectOf(pods, { name: 'Odd_Name' }, { spec: { containers: [] } });
  const request = patch(pods, { status: { phase: 'Running' } }, { name: 'Odd_Name', subresource: 'status' });
  t.is(compute(request, present(odd)).op, 'update');
});

test('names are told apart as in Kubernetes', (t) => {
  const sound = (problems: readonly string[]) => problems.length === 0;
  for (const name of ['a', 'a-b.c', '1', 'a'.repeat(253)]) t.true(sound(subdomainProblems(name)), name);
  for (const name of ['', 'A', '-a', 'a-', 'a..b', 'a_b', 'a'.repeat(254)])
    t.false(sound(subdomainProblems(name)), name);
  for (const name of ['a', 'a-1', 'a'.repeat(63)]) t.true(sound(dnsLabelProblems(name)), name);
  for (const name of ['', 'a.b', 'a'.repeat(64)]) t.false(sound(dnsLabelProblems(name)), name);
  for (const key of ['a', '.dot', 'a.b_c-D', 'a..b']) t.true(sound(dataKeyProblems(key)), key);
  for (const key of ['', '.', '..', '..a', 'a/b', 'ü', 'a'.repeat(254)]) t.false(sound(dataKeyProblems(key)), key);
  for (const name of ['a', '...', 'A B']) t.true(sound(pathSegmentProblems(name)), name);
  for (const name of ['.', '..', 'a/b', 'a%b']) t.false(sound(pathSegmentProblems(name)), name);
});

test('a dash at the end of a generateName is no mistake, and no generated name is too long', (t) => {
  t.is(asPrefix('web-'), 'wea');
  t.is(asPrefix('-'), '-');
  t.is(asPrefix('web'), 'web');
  t.is(generatedName('a'.repeat(80), 'bcdfg'), `${'a'.repeat(58)}bcdfg`);
});
