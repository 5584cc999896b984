// The door of the outbox over a whole life: taken in, shown, kept over a crash, brought there, or meant for another cluster.
import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { type KubernetesObject, readObject } from '../../../src/apimachinery/object.ts';
import type { CallerOfWrite } from '../../../src/cache/outbox/caller-of-write.ts';
import { encodeEntry, entryKey } from '../../../src/cache/outbox/entry.ts';
import type { ComputedWrite } from '../../../src/cache/writes/write-request.ts';
import { StorageReadOnlyError } from '../../../storage/errors.ts';
import { Stage as ScopeStage } from '../../support/followed-scope-stage.ts';
import { entryOf, objectOf } from '../../support/outbox-entries.ts';
import { configMap, dataOf, maps, ObjectCloud, OwedWritesStage } from '../../support/owed-writes-stage.ts';
import { podText } from '../../support/sample-objects.ts';
import { settled } from '../../support/scripted-transport.ts';

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1';
const kubelet: CallerOfWrite = {
  identity: 'node',
  userAgent: 'kubelet/v1.35.0',
  fieldManager: 'kubelet',
  isNode: true,
  mayWrite: () => true,
};

function renew({ writes }: OwedWritesStage, resourceVersion: string, renewTime: string): Promise<ComputedWrite> {
  return writes.accept(
    {
      verb: 'update',
      gvr: { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' },
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      namespace: 'kube-node-lease',
      name: 'node-1',
      subresource: '',
      body: leaseAt(resourceVersion, renewTime),
      query: { dryRun: false, fieldManager: 'kubelet' },
    },
    kubelet,
  );
}

function leaseAt(resourceVersion: string | undefined, renewTime: string): JsonObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'node-1', namespace: 'kube-node-lease', uid: 'l', ...(resourceVersion && { resourceVersion }) },
    spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40, renewTime },
  };
}

function answerOf(lease: JsonObject): KubernetesObject {
  return readObject(
    { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' },
    Buffer.from(JSON.stringify(lease)),
  );
}

const versionOf = ({ answer }: ComputedWrite): string =>
  (answer.metadata as { resourceVersion: string }).resourceVersion;
const time = (second: number): string => new Date(1_767_225_600_000 + second * 1000).toISOString().replace('Z', '000Z');

test('a write is shown before its writer is answered, and again in the life after a crash', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.create('web', { a: '1' });
  t.deepEqual(stage.writes.shown(`${maps}/web`)?.value?.data, { a: '1' });
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud: stage.cloud });
  t.deepEqual(next.writes.shown(`${maps}/web`)?.value, stage.writes.shown(`${maps}/web`)?.value);
  await next.heal();
  t.deepEqual(dataOf(next.cloud, 'web'), { a: '1' });
  t.is(next.writes.shown(`${maps}/web`), undefined);
});

test('a write that the disk refuses is neither answered well nor shown; one after it is, once the disk takes writes', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.records.failure = new StorageReadOnlyError('No space left on device');
  await t.throwsAsync(stage.create('web', { a: '1' }), { instanceOf: StorageReadOnlyError });
  t.is(stage.writes.shown(`${maps}/web`), undefined);
  stage.records.failure = undefined;
  await stage.create('web', { a: '2' });
  t.deepEqual(stage.writes.shown(`${maps}/web`)?.value?.data, { a: '2' });
});

test('an entry that cannot be shown is said and owed all the same, and keeps nothing from opening', async (t) => {
  const { records } = await OwedWritesStage.open();
  const odd = entryOf({
    op: 'create',
    name: 'odd',
    kind: 'Oddity',
    after: { apiVersion: 'v1', kind: 'Oddity', metadata: 7 },
  });
  records.set('outbox', entryKey(1), encodeEntry(odd).toString());
  const fine = entryOf({ op: 'create', name: 'fine', sequence: 2, after: objectOf('fine', { version: '1001' }) });
  records.set('outbox', entryKey(2), encodeEntry(fine).toString());
  const stage = await OwedWritesStage.open({ records: records.afterCrash() });
  t.deepEqual(stage.log, [`unreadable ${maps}/odd`]);
  t.truthy(stage.writes.shown(`${maps}/fine`));
  t.deepEqual(
    stage.writes.outbox.pending.map(({ target }) => target.name),
    ['odd', 'fine'],
  );
});

test('what was meant for another cluster is parked, not shown, and sent to no one; the Lease is forgotten', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.cloud.put(leases, leaseAt(undefined, time(0)));
  await stage.create('web', { a: '1' });
  await renew(stage, '101', time(10));
  await stage.writes.forgetCluster(new Error('another cluster answers'), '7');
  t.is(stage.writes.shown(`${maps}/web`), undefined);
  t.is(stage.writes.shown(leases), undefined);
  stage.link.set(true);
  await stage.until(() => stage.writes.isCaughtUp);
  t.deepEqual(stage.cloud.requests, []);
  t.regex(stage.writes.outbox.entries[0]!.parked!.reason, /another cluster answers; .*meant for the cluster before/);

  const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud: stage.cloud });
  t.is(next.writes.shown(`${maps}/web`), undefined);
  t.is(next.writes.outbox.size.parked, 1);
  const { concluded } = await next.writes.decisions.retry(1, true);
  next.link.set(true);
  await next.until(() => next.writes.outbox.entries.length === 0);
  t.is(await concluded, 'applied', 'an operator may say that it is meant for this one, too');
});

test('who waits for what comes of a retry hears that it is parked again, for another cluster answers', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.create('web', { a: '1' });
  const [entry] = stage.writes.outbox.pending;
  await stage.writes.outbox.park(entry!, { reason: 'no', code: 0, at: 1 });
  const { concluded } = await stage.writes.decisions.retry(1, false);
  stage.records.failure = new StorageReadOnlyError('No space left on device');
  await t.throwsAsync(stage.writes.forgetCluster(new Error('another cluster answers'), '7'));
  t.is(await concluded, 'parked');
});

test('a clock in 1970, or a year ahead, changes nothing of what is kept, shown and brought there', async (t) => {
  for (const wallClock of [0, Date.UTC(2027, 0, 1)]) {
    const cloud = new ObjectCloud();
    const stage = await OwedWritesStage.open({ cloud });
    cloud.put(`${maps}/known`, configMap('known', { a: '1' }));
    stage.timing.wallClockOffset = wallClock - stage.timing.now();
    await stage.create('web', { a: '1' });
    await stage.patch('known', { data: { a: '2' } });
    const before = stage.writes.shown(`${maps}/web`)!.resourceVersion;
    stage.timing.wallClockOffset += 365 * 24 * 3_600_000;
    await stage.patch('web', { data: { a: '2' } });
    t.true(BigInt(stage.writes.shown(`${maps}/web`)!.resourceVersion) > BigInt(before));
    const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud });
    next.timing.wallClockOffset = wallClock - next.timing.now();
    await next.heal();
    t.deepEqual([dataOf(cloud, 'web'), dataOf(cloud, 'known')], [{ a: '2' }, { a: '2' }]);
  }
});

test('an hour of lease renewals offline is one write to the disk, and one more when they begin', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.cloud.put(leases, leaseAt(undefined, time(0)));
  let version = '101';
  for (let renewal = 1; renewal <= 360; renewal += 1)
    version = versionOf(await renew(stage, version, time(renewal * 10)));
  t.is(stage.records.batches.length, 2);
  t.is(stage.writes.outbox.size.entries, 0);
});

test('after a restart offline the renewals go on, and the newest is the first that the cloud hears', async (t) => {
  const first = await OwedWritesStage.open();
  const { cloud } = first;
  cloud.put(leases, leaseAt(undefined, time(0)));
  const lost = await renew(first, '101', time(10));
  const next = await OwedWritesStage.open({ records: first.records.afterCrash(), cloud });
  await t.throwsAsync(renew(next, versionOf(lost), time(20)), { message: /modified/ });
  const renewed = await renew(next, '101', time(30)); // what kubelet reads when it is told so
  t.true(BigInt(versionOf(renewed)) > BigInt(versionOf(lost)), 'no version goes back');
  await next.create('web', { a: '1' });
  next.link.set(true);
  await next.until(() => next.writes.outbox.entries.length === 0);
  t.deepEqual(
    cloud.requests.map(({ method }) => method),
    ['GET', 'PUT', 'POST'],
  );
  t.is((cloud.objects.get(leases)!.spec as { renewTime: string }).renewTime, time(30));
});

test('a Lease that kubelet itself has renewed in the cloud since is shown as it is there, and an older renewal is not sent', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.cloud.put(leases, leaseAt(undefined, time(0)));
  await renew(stage, '101', time(10)); // sent by kubelet, and the answer was lost
  await stage.writes.answered(leases, answerOf(stage.cloud.put(leases, leaseAt(undefined, time(5)))));
  t.like(stage.writes.shown(leases)?.value, { spec: { renewTime: time(10) } }, 'an earlier one that was answered late');
  await stage.writes.answered(leases.replace('node-1', 'node-2'), answerOf(leaseAt('200', time(20))));
  t.truthy(stage.writes.shown(leases), 'of another node');
  await stage.writes.answered(leases, answerOf(stage.cloud.put(leases, leaseAt(undefined, time(20)))));
  t.is(stage.writes.shown(leases), undefined);
  stage.link.set(true);
  await stage.until(() => stage.writes.isCaughtUp);
  t.deepEqual(stage.cloud.requests, []);
});

test('a renewal of the Lease is not written over a later one that is found in the cloud', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.cloud.put(leases, leaseAt(undefined, time(0)));
  await renew(stage, '101', time(10));
  stage.cloud.put(leases, leaseAt(undefined, time(20)));
  stage.link.set(true);
  await stage.until(() => stage.writes.isCaughtUp);
  t.deepEqual(
    stage.cloud.requests.map(({ method }) => method),
    ['GET'],
  );
  t.is(stage.writes.shown(leases), undefined);
});

test('a Lease that the cloud has heard of before it was shown is not shown for ever', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.cloud.put(leases, leaseAt(undefined, time(0)));
  const first = await renew(stage, '101', time(10));
  stage.records.hold();
  const slow = stage.create('web', { a: '1' });
  const renewed = renew(stage, versionOf(first), time(20)); // shown when the slow one is, whose version is lower
  stage.link.set(true);
  await stage.until(() => (stage.cloud.objects.get(leases)!.spec as JsonObject).renewTime === time(20));
  stage.records.release();
  await Promise.all([slow, renewed]);
  t.is(stage.writes.shown(leases), undefined);
});

test('a write goes not on top of another object that the cloud is heard to have under its name meanwhile: it is refused', async (t) => {
  const stage = await OwedWritesStage.open();
  const scope = new ScopeStage();
  const { followed } = scope;
  const stream = await scope.following(10);
  stage.scopes.push(followed);
  stage.records.hold();
  const writing = stage.create('web', { a: '1' });
  stream.event({ type: 'ADDED', text: podText({ name: 'web', uid: 'theirs', version: 20 }) });
  await settled();
  stage.records.release();
  await t.throwsAsync(writing, { message: /another object has come to have its name meanwhile/ });
  t.is(followed.snapshot.get('default/web')?.uid, 'theirs');
  t.is(stage.writes.shown(`${maps}/web`), undefined);
  t.true(stage.writes.outbox.isEmpty);
  t.false(stage.log.includes('accepted ConfigMap'));
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash() });
  t.true(next.writes.outbox.isEmpty);
});

test('versions given to clients grow over crashes at any point', async (t) => {
  const cloud = new ObjectCloud();
  cloud.put(leases, leaseAt(undefined, time(0)));
  let stage = await OwedWritesStage.open({ cloud });
  let newest = 0n;
  for (let round = 0; round < 30; round += 1) {
    const given: ComputedWrite[] = [];
    if (round % 3 === 0)
      given.push(await renew(stage, stage.writes.shown(leases)?.resourceVersion ?? '101', time(round)));
    else given.push(await stage.write({ verb: 'create', name: '', body: configMap(`m${round}`, {}), ...configMaps }));
    if (round % 4 === 0)
      given.push(
        await stage
          .write({ verb: 'delete', name: `m${round - 1}`, body: undefined, ...configMaps })
          .catch(() => given[0]!),
      );
    const version = BigInt(versionOf(given[0]!));
    t.true(version > newest, `${version} after ${newest}`);
    newest = stage.writes.versions.newest === '' ? version : BigInt(stage.writes.versions.newest);
    if (round % 5 === 4) stage = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud });
  }
});

const configMaps = { gvr: { group: '', version: 'v1', resource: 'configmaps' }, kind: 'ConfigMap' };
