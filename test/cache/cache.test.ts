import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { CacheStage, day } from '../support/cache-stage.ts';
import { podScope } from '../support/sample-objects.ts';

const all = podScope();
const labelled = podScope({ labels: 'app=x' });
const hour = 3_600_000;
const told = CacheStage.told;

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
    const stage = await CacheStage.withPods('a');
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
    const before = await CacheStage.withPods('a');
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

test('following a scope with the node’s own credential is a right of the node that was seen', async (t) => {
  const stage = await CacheStage.withPods('a');
  t.true(stage.cache.rights.has('node', all));
  t.false(stage.cache.rights.has('sa:pod', all));
});

test('a refusal of the credential that is followed with takes its right', async (t) => {
  const stage = await CacheStage.withPods('a');
  stage.cloud.refusals.set('node', 403);
  stage.cloud.cut();
  await stage.rest();
  t.false(stage.cache.rights.has('node', all));
  t.deepEqual(told(stage.cache.scopes.answering(all)), ['default/a@101'], 'what others may read is still known');
});

test('a scope that nobody reads is closed after the linger time, one that is read, watched or pinned is not', async (t) => {
  const stage = await CacheStage.withPods('a');
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
  const stage = await CacheStage.withPods('a');
  stage.link.set(false);
  stage.timing.advance(100 * day);
  await stage.cache.tidy();
  t.deepEqual(told(stage.cache.scopes.answering(all)), ['default/a@101']);
});

test('a scope that is closed while it is written anew is left alone', async (t) => {
  const stage = await CacheStage.withPods('a');
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
  const stage = await CacheStage.withPods('a');
  stage.cache.open(all, 'sa:pod', { kind: 'bearer', token: 'pod' });
  t.deepEqual(stage.log, [`opened ${all.id}`]);
});
