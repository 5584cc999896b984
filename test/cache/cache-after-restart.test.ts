// What a life of the hub knows of what an earlier one knew.
import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { StorageReadOnlyError } from '../../storage/errors.ts';
import { CacheStage } from '../support/cache-stage.ts';
import { podScope } from '../support/sample-objects.ts';

const all = podScope();
const labelled = podScope({ labels: 'app=x' });
const told = CacheStage.told;

test('what was known before a crash is known after it: the same lists, and their watches are resumed', async (t) => {
  const before = await CacheStage.withPods('a', 'b');
  before.cache.open(labelled, 'node', nodeCredential);
  await before.rest();
  before.cloud.put('a', { app: 'y' });
  before.cloud.delete('b');
  before.cloud.put('c', { app: 'x' });
  await before.rest();
  const expected = [told(before.cache.scopes.answering(all)), told(before.cache.scopes.answering(labelled))];
  t.deepEqual(expected, [['default/a@103', 'default/c@105'], ['default/c@105']]);

  const after = await before.crash();
  t.deepEqual([told(after.cache.scopes.answering(all)), told(after.cache.scopes.answering(labelled))], expected);
  t.deepEqual(after.log, []);
  after.cloud.requests.length = 0;
  await after.rest();
  t.true(after.cloud.requests.filter((one) => one.includes('/pods')).every((one) => one.startsWith('WATCH')));
  after.cloud.put('d', { app: 'x' });
  await after.rest();
  t.deepEqual(told(after.cache.scopes.answering(labelled)), ['default/c@105', 'default/d@106']);
});

test('what was known is served after a restart without the cloud, with its age', async (t) => {
  const before = await CacheStage.withPods('a');
  before.cloud.isReachable = false;
  before.timing.advance(90_000);
  const after = await before.crash();
  const followed = after.cache.scopes.answering(all);
  t.deepEqual(told(followed), ['default/a@101']);
  t.is(followed?.ageSeconds(after.timing.now()), 90);
});

test('what the cloud was heard to have deleted is not found again after a power cut, whatever its answer looked like', async (t) => {
  const path = '/api/v1/namespaces/default/pods/a';
  const asked = { gvr: all.gvr, namespace: 'default', verb: 'delete', name: 'a', search: '' };
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Success' };
  const answers = {
    'a Status with its uid': { ...status, details: { name: 'a', kind: 'pods', uid: 'a-101' } },
    'the object': 'the object',
    // Which one it was nobody knows, but of what was read by that name nothing is left to be told.
    'a bare Status': status,
  };
  for (const [what, answer] of Object.entries(answers)) {
    const before = await CacheStage.withPods('a', 'b');
    const { body } = before.cache.scopes.get(all.id)!.snapshot.get('default/a')!;
    before.cache.objects.see(path, 'node', body);
    await before.cache.flush();
    const bytes = answer === 'the object' ? body : Buffer.from(JSON.stringify(answer));
    await before.cache.heard.see(asked, 'node', bytes);
    const after = await before.powerCut();
    t.is(after.cache.objects.newest(path), undefined, what);
    if (answer !== status) t.deepEqual(told(after.cache.scopes.answering(all)), ['default/b@102'], what);
  }
});

test('a change that was not on its way to disk when the process died was not seen by anyone', async (t) => {
  const before = await CacheStage.withPods('a');
  before.records.hold();
  before.cloud.put('b');
  await before.rest();
  t.deepEqual(told(before.cache.scopes.answering(all)), ['default/a@101']);
  const after = await before.crash();
  t.deepEqual(told(after.cache.scopes.answering(all)), ['default/a@101']);
  await after.rest();
  t.deepEqual(told(after.cache.scopes.answering(all)), ['default/a@101', 'default/b@102']);
});

test('rights come back after a restart, and what was taken back does not', async (t) => {
  const before = await CacheStage.open();
  before.cache.rights.see('node', all);
  before.cache.rights.see('sa:pod', labelled);
  before.cache.rights.see('sa:lost', all);
  before.cache.rights.lose('sa:lost', all);
  await before.cache.flush();
  const after = await before.crash();
  t.true(after.cache.rights.has('node', all));
  t.true(after.cache.rights.has('sa:pod', labelled));
  t.false(after.cache.rights.has('sa:pod', all));
  t.false(after.cache.rights.has('sa:lost', all));
});

test('an object that was seen anew while the disk was full is not told as it was before, by the next life', async (t) => {
  const path = '/api/v1/namespaces/default/pods/a';
  const stage = await CacheStage.open();
  const see = (version: string) =>
    stage.cache.objects.keep(path, 'node', Buffer.from(JSON.stringify({ metadata: { resourceVersion: version } })));
  await see('1');
  stage.records.failure = new StorageReadOnlyError('the disk is full');
  await see('2');
  await see('3');
  t.is(stage.records.batches.length, 2, 'taken off the disk once');
  t.is((await stage.crash()).cache.objects.newest(path), undefined);
});

test('a right that was taken back while the disk was full does not come back', async (t) => {
  const before = await CacheStage.open();
  before.cache.rights.see('sa:lost', all);
  await before.cache.flush();
  before.records.failure = new Error('the disk takes no writes');
  before.cache.rights.lose('sa:lost', all);
  await before.cache.flush();
  t.false((await before.crash()).cache.rights.has('sa:lost', all));
});

test('the age of a document is right after a restart, however long it has been the same', async (t) => {
  const before = await CacheStage.open();
  const document = { contentType: '', contentEncoding: '', etag: '"1"', body: Buffer.from('{}'), seenAt: 1000 };
  before.cache.documents.see('/api */*', document);
  before.cache.documents.see('/apis */*', document);
  before.cache.documents.see('/api */*', { ...document, seenAt: 50_000_000 });
  before.cache.documents.confirm('/apis */*', '"1"', 60_000_000);
  before.cache.documents.confirm('/apis */*', '"2"', 70_000_000);
  await before.cache.tidy();
  await before.cache.flush();
  t.is(before.records.batches.flat().filter(({ space }) => space === 'document').length, 2, 'bodies are written once');
  const { cache } = await before.crash();
  t.is(cache.documents.get('/api */*')?.seenAt, 50_000_000);
  t.is(cache.documents.get('/apis */*')?.seenAt, 60_000_000);
});

test('a restored scope is followed with the node’s own credential when the node has the right, else by who reads it', async (t) => {
  const before = await CacheStage.withPods('a');
  t.deepEqual((await before.crash()).cache.scopes.get(all.id)?.lenders, ['node']);
  before.cache.rights.lose('node', all);
  await before.cache.flush();
  t.deepEqual((await before.crash()).cache.scopes.get(all.id)?.lenders, []);
});

test('documents and single objects come back after a restart, each for those who were shown it', async (t) => {
  const before = await CacheStage.open();
  const document = {
    contentType: 'application/json',
    contentEncoding: '',
    etag: '"1"',
    body: Buffer.from('{}'),
    seenAt: 5,
  };
  before.cache.documents.see('/api */*', document);
  before.cache.objects.see('/api/v1/nodes/n', 'node', Buffer.from('{"kind":"Node"}'));
  before.cache.objects.see('/api/v1/namespaces/a/secrets/s', 'sa:pod', Buffer.from('{"kind":"Secret"}'));
  await before.cache.flush();
  const { cache } = await before.crash();
  t.deepEqual(cache.documents.get('/api */*'), document);
  t.is(cache.objects.shownTo('/api/v1/nodes/n', 'node')?.body.toString(), '{"kind":"Node"}');
  t.is(cache.objects.shownTo('/api/v1/nodes/n', 'sa:pod'), undefined);
  const secret = before.records.batches.flat().filter((change) => change.secret === true);
  t.deepEqual(
    secret.map(({ key }) => key),
    ['/api/v1/namespaces/a/secrets/s'],
  );
});

test('an object that is not so any more, or was refused, is not known, nor after a restart', async (t) => {
  const stage = await CacheStage.open();
  for (const path of ['/a', '/b', '/c']) {
    stage.cache.objects.see(path, 'node', Buffer.from('{}'));
    stage.cache.objects.see(path, 'sa:pod', Buffer.from('{}'));
  }
  stage.records.failure = new Error('the disk takes no writes');
  stage.cache.objects.forget('/a');
  stage.cache.objects.refuse('/b', 'node');
  stage.cache.objects.refuse('/c', 'sa:stranger');
  for (const { cache } of [stage, await stage.crash()]) {
    t.is(cache.objects.shownTo('/a', 'node'), undefined);
    t.is(cache.objects.shownTo('/b', 'node'), undefined);
  }
  t.not(stage.cache.objects.shownTo('/b', 'sa:pod'), undefined);
  t.not(stage.cache.objects.shownTo('/c', 'node'), undefined);
});

test('a record that cannot be read does not keep the hub from starting', async (t) => {
  const stage = await CacheStage.open();
  stage.cache.rights.see('node', all);
  await stage.cache.flush();
  stage.records.set('right', 'broken', '{"identity":');
  stage.records.set('observed', '/broken', 'no json\n{}');
  stage.records.set('document', '/broken', 'no json\n{}');
  const after = await stage.crash();
  t.true(after.cache.rights.has('node', all));
  t.is(after.log.length, 3);
});

test('what the disk has missed is written when it takes writes again', async (t) => {
  const stage = await CacheStage.withPods('a');
  stage.records.failure = new Error('full');
  stage.cloud.put('b');
  await stage.rest();
  stage.cloud.delete('a');
  await stage.rest();
  stage.records.health = { state: 'read-only' };
  await stage.cache.tidy();
  t.deepEqual(
    stage.log.filter((line) => line.startsWith('behind')),
    [`behind ${all.id}`],
  );
  const meanwhile = await CacheStage.open({ records: stage.records.afterCrash() });
  t.is(meanwhile.cache.scopes.answering(all), undefined, 'it would not be the truth');
  stage.records.failure = undefined;
  stage.records.health = { state: 'ok' };
  await stage.cache.tidy();
  t.deepEqual(told((await stage.crash()).cache.scopes.answering(all)), ['default/b@102']);
});
