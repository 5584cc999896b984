import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { CacheStage, day } from '../support/cache-stage.ts';
import { ModelCloud } from '../support/model-cloud.ts';
import { podScope } from '../support/sample-objects.ts';

const all = podScope();
const labelled = podScope({ labels: 'app=x' });
const hour = 3_600_000;
const told = CacheStage.told;

async function withPods(...names: string[]): Promise<CacheStage> {
  const stage = await CacheStage.open();
  for (const name of names) stage.cloud.put(name, { app: 'x' });
  stage.cache.open(all, 'node', nodeCredential);
  await stage.rest();
  return stage;
}

test('what was known before a crash is known after it: the same lists, and their watches are resumed', async (t) => {
  const before = await withPods('a', 'b');
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
  const before = await withPods('a');
  before.cloud.isReachable = false;
  before.timing.advance(90_000);
  const after = await before.crash();
  const followed = after.cache.scopes.answering(all);
  t.deepEqual(told(followed), ['default/a@101']);
  t.is(followed?.ageSeconds(after.timing.now()), 90);
});

test('a change that was not on its way to disk when the process died was not seen by anyone', async (t) => {
  const before = await withPods('a');
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

test('a right that was taken back while the disk was full does not come back', async (t) => {
  const before = await CacheStage.open();
  before.cache.rights.see('sa:lost', all);
  await before.cache.flush();
  before.records.failure = new Error('the disk takes no writes');
  before.cache.rights.lose('sa:lost', all);
  await before.cache.flush();
  t.false((await before.crash()).cache.rights.has('sa:lost', all));
});

test('a right that has ended is tidied away, from disk too, once the cloud has said what time it is', async (t) => {
  const before = await CacheStage.open();
  before.cache.rights.see('sa:pod', all);
  await before.cache.flush();
  before.timing.advance(31 * day);
  const stage = await before.crash();
  t.false(stage.cache.rights.has('sa:pod', all));
  await stage.cache.tidy();
  await stage.cache.flush();
  t.deepEqual(stage.records.keys('right'), ['sa:pod v1/pods|||'], 'this clock may be wrong');
  stage.cache.open(labelled, 'node', nodeCredential);
  await stage.rest();
  await stage.cache.tidy();
  await stage.cache.flush();
  t.deepEqual(stage.records.keys('right'), [`node ${labelled.id}`]);
});

test('an identity that asks ever new questions keeps the rights that it used last', async (t) => {
  const stage = await CacheStage.open();
  for (let index = 0; index < 1010; index++) {
    stage.cache.rights.see('sa:pod', podScope({ labels: `i=${index}` }));
    stage.timing.advance(1);
  }
  await stage.cache.tidy();
  await stage.cache.flush();
  t.is(stage.records.keys('right').length, 1000);
  t.false(stage.cache.rights.has('sa:pod', podScope({ labels: 'i=9' })));
  t.true(stage.cache.rights.has('sa:pod', podScope({ labels: 'i=10' })));
});

for (const [what, jump] of [
  ['40 days ahead', 40 * day],
  ['in 1970', -1_700_000_000_000],
] as const) {
  test(`a clock ${what}, while the hub runs cut off, changes nothing of what it answers`, async (t) => {
    const stage = await withPods('a');
    stage.cache.rights.see('sa:pod', all);
    stage.cache.objects.see('/api/v1/nodes/n', 'node', Buffer.from('{}'));
    stage.link.set(false);
    stage.setClockError(jump);
    await stage.cache.tidy();
    t.true(stage.cache.rights.has('sa:pod', all));
    t.not(stage.cache.objects.shownTo('/api/v1/nodes/n', 'node'), undefined);
    t.regex(stage.cache.time.doubt!, jump > 0 ? /40 days after/ : /days before/);
  });

  test(`a clock ${what}, met at a start without the cloud, costs no right for good`, async (t) => {
    const before = await withPods('a');
    before.cache.rights.see('sa:pod', all);
    before.cache.objects.see('/api/v1/nodes/n', 'node', Buffer.from('{}'));
    await before.cache.flush();
    before.cloud.isReachable = false;
    before.setClockError(jump);
    const stage = await before.crash();
    t.not(stage.cache.time.doubt, undefined);
    t.is(stage.cache.rights.has('sa:pod', all), jump < 0, 'what may be 40 days old is not honoured');
    for (let minute = 0; minute < 3; minute++) await stage.cache.tidy();
    await stage.cache.flush();
    stage.setClockError(0);
    const after = await stage.crash();
    for (const { cache } of [stage, after]) {
      t.is(cache.time.doubt, undefined);
      t.true(cache.rights.has('sa:pod', all));
      t.not(cache.objects.shownTo('/api/v1/nodes/n', 'node'), undefined);
      t.deepEqual(told(cache.scopes.answering(all)), ['default/a@101']);
    }
  });
}

test('what discovery says cannot be watched is not kept, nor what the cloud refused to let be watched', async (t) => {
  const stage = await CacheStage.open();
  t.true(stage.cache.canKeep(all.gvr));
  const see = (verbs: readonly string[]): void => {
    const resources = [{ name: 'pods', namespaced: true, verbs }];
    const body = Buffer.from(JSON.stringify({ kind: 'APIResourceList', groupVersion: 'v1', resources }));
    stage.cache.documents.see('/api/v1 */*', {
      contentType: 'application/json',
      contentEncoding: '',
      etag: '',
      body,
      seenAt: 1,
    });
  };
  see(['get', 'list']);
  t.false(stage.cache.canKeep(all.gvr));
  see(['get', 'list', 'watch']);
  t.true(stage.cache.canKeep(all.gvr));
  stage.cache.cannotKeep(all.gvr);
  t.false(stage.cache.canKeep(all.gvr));
  stage.timing.advance(hour);
  t.true(stage.cache.canKeep(all.gvr));
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

test('following a scope with the node’s own credential is a right of the node that was seen', async (t) => {
  const stage = await withPods('a');
  t.true(stage.cache.rights.has('node', all));
  t.false(stage.cache.rights.has('sa:pod', all));
});

test('a refusal of the credential that is followed with takes its right', async (t) => {
  const stage = await withPods('a');
  stage.cloud.refusals.set('node', 403);
  stage.cloud.cut();
  await stage.rest();
  t.false(stage.cache.rights.has('node', all));
  t.deepEqual(told(stage.cache.scopes.answering(all)), ['default/a@101'], 'what others may read is still known');
});

test('a restored scope is followed with the node’s own credential when the node has the right, else by who reads it', async (t) => {
  const before = await withPods('a');
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

async function watched(stage: CacheStage): Promise<string[]> {
  const told: string[] = [];
  stage.cache.scopes.get(all.id)!.listeners.add({ changed: () => {}, expired: (reason) => told.push(reason) });
  return told;
}

test('another cluster behind the same address: everything is forgotten, watchers are told, and it is learnt anew', async (t) => {
  const stage = await withPods('a');
  stage.cache.rights.see('sa:pod', all);
  stage.cache.objects.see('/api/v1/nodes/n', 'node', Buffer.from('{}'));
  stage.cache.documents.see('/api */*', {
    contentType: '',
    contentEncoding: '',
    etag: '',
    body: Buffer.from('{}'),
    seenAt: 5,
  });
  const expired = await watched(stage);
  const old = stage.cloud;
  stage.cloud = new ModelCloud({ uid: 'cluster-2', firstVersion: 5000 });
  stage.cloud.put('z');
  old.cut();
  await stage.rest();
  t.true(stage.log.includes('AnotherClusterError'));
  t.is(expired.length, 1);
  t.deepEqual(told(stage.cache.scopes.answering(all)), ['default/z@5001']);
  t.false(stage.cache.rights.has('sa:pod', all), 'nobody was given anything by this cluster');
  t.is(stage.cache.objects.shownTo('/api/v1/nodes/n', 'node'), undefined);
  t.is(stage.cache.documents.get('/api */*'), undefined);
  await stage.cache.flush();
  const after = await stage.crash();
  t.deepEqual(told(after.cache.scopes.answering(all)), ['default/z@5001']);
  t.false(after.cache.rights.has('sa:pod', all));
  t.is(after.cache.objects.shownTo('/api/v1/nodes/n', 'node'), undefined);
});

test('a cluster that was restored from a backup is found out, although it takes the watch and keeps silent', async (t) => {
  const stage = await withPods('a');
  for (let round = 0; round < 20; round += 1) stage.cloud.put('a');
  await stage.rest();
  const expired = await watched(stage);
  const old = stage.cloud;
  stage.cloud = new ModelCloud();
  stage.cloud.put('a');
  stage.cloud.put('b');
  old.cut();
  await stage.rest();
  t.true(stage.log.includes('VersionRegressedError'));
  t.is(expired.length, 1);
  t.deepEqual(told(stage.cache.scopes.answering(all)), ['default/a@101', 'default/b@102']);
});

for (const [what, later] of [
  ['another cluster', () => new ModelCloud({ uid: 'cluster-2', firstVersion: 5000 })],
  ['the same cluster from a backup', () => new ModelCloud({ firstVersion: 50 })],
] as const) {
  test(`${what}, met first after a restart, is found out before anything resumes`, async (t) => {
    const before = await withPods('a');
    const cloud = later();
    cloud.put('z');
    const after = await before.crash({ cloud });
    await after.rest();
    t.is(after.log.length, 1);
    t.deepEqual(told(after.cache.scopes.answering(all)), [`default/z@${cloud.version}`]);
    const first = cloud.requests.findIndex((one) => one.includes('/pods'));
    t.true(cloud.requests[first]?.startsWith('LIST'), 'no watch was opened from a version of the other one');
  });
}

test('what belonged to another cluster does not come back when the process dies while it forgets, or the disk is full', async (t) => {
  for (const fail of [
    (stage: CacheStage) => stage.records.hold(),
    (stage: CacheStage) => (stage.records.failure = new Error('full')),
  ]) {
    const before = await withPods('a');
    before.cache.rights.see('sa:pod', all);
    await before.cache.flush();
    const old = before.cloud;
    before.cloud = new ModelCloud({ uid: 'cluster-2', firstVersion: 5000 });
    fail(before);
    old.cut();
    await before.rest();
    const after = await before.crash();
    await after.rest();
    t.deepEqual(told(after.cache.scopes.answering(all)) ?? [], [], 'the new cluster has no pods');
    t.false(after.cache.rights.has('sa:pod', all));
  }
});

test('a scope that nobody reads is closed after the linger time, one that is read, watched or pinned is not', async (t) => {
  const stage = await withPods('a');
  const { scopes } = stage.cache;
  const names = {
    read: podScope({ labels: 'r=1' }),
    watched: podScope({ labels: 'w=1' }),
    pinned: podScope({ labels: 'p=1' }),
  };
  for (const scope of Object.values(names)) stage.cache.open(scope, 'node', nodeCredential);
  await stage.rest();
  scopes.get(names.watched.id)!.listeners.add({ changed: () => {}, expired: () => {} });
  scopes.get(names.pinned.id)!.pin();
  stage.timing.advance(hour + 1);
  scopes.get(names.read.id)!.wasRead(stage.timing.now());
  await stage.cache.tidy();
  t.is(scopes.get(all.id), undefined);
  t.deepEqual(
    [...scopes.all].map(({ scope }) => scope.id).sort(),
    Object.values(names)
      .map(({ id }) => id)
      .sort(),
  );
  await stage.cache.flush();
  t.is(stage.records.keys('scope').filter((key) => key.endsWith('.progress')).length, 3);
});

test('while the cloud is away nothing is closed', async (t) => {
  const stage = await withPods('a');
  stage.link.set(false);
  stage.timing.advance(100 * day);
  await stage.cache.tidy();
  t.deepEqual(told(stage.cache.scopes.answering(all)), ['default/a@101']);
});

test('what the disk has missed is written when it takes writes again', async (t) => {
  const stage = await withPods('a');
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

test('a scope that is closed while it is written anew is left alone', async (t) => {
  const stage = await withPods('a');
  stage.records.failure = new Error('full');
  stage.cloud.put('b');
  await stage.rest();
  stage.records.failure = undefined;
  const tidying = stage.cache.tidy();
  stage.cache.scopes.close(stage.cache.scopes.get(all.id)!, 'done');
  await tidying;
  await stage.cache.flush();
  t.deepEqual(stage.records.keys('scope'), []);
});

test('a scope is told as opened once', async (t) => {
  const stage = await withPods('a');
  stage.cache.open(all, 'sa:pod', { kind: 'bearer', token: 'pod' });
  t.deepEqual(stage.log, [`opened ${all.id}`]);
});
