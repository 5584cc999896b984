// Another cluster answers, or another past of the same one.
import test from 'ava';
import { CacheStage } from '../support/cache-stage.ts';
import { ModelCloud } from '../support/model-cloud.ts';
import { podScope } from '../support/sample-objects.ts';

const all = podScope();
const told = CacheStage.told;

async function watched(stage: CacheStage): Promise<string[]> {
  const told: string[] = [];
  stage.cache.scopes.get(all.id)!.listeners.add({ changed: () => {}, expired: (reason) => told.push(reason) });
  return told;
}

test('another cluster behind the same address: everything is forgotten, watchers are told, and it is learnt anew', async (t) => {
  const stage = await CacheStage.withPods('a');
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
  const stage = await CacheStage.withPods('a');
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
    const before = await CacheStage.withPods('a');
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
    const before = await CacheStage.withPods('a');
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
