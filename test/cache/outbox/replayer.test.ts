// What is owed is brought to the cloud: in which order, how fast, and what does not hold up what.
import test from 'ava';
import type { AcceptedWrite } from '../../../src/cache/outbox/entry.ts';
import { StorageReadOnlyError } from '../../../storage/errors.ts';
import { madeEvent, madeMap, madeMaps, objectOf, writeOf } from '../../support/outbox-entries.ts';
import { maps } from '../../support/owed-writes-stage.ts';
import { answer, connectionLost, ReplayStage } from '../../support/replay-stage.ts';

const lease = (renewTime = '2026-01-01T00:10:00.000000Z'): AcceptedWrite => {
  const write = writeOf({ class: 'node-lease', identity: 'node', name: 'edge-1', namespace: 'kube-node-lease' });
  return {
    ...write,
    target: {
      ...write.target,
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      gvr: { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' },
    },
    after: objectOf('edge-1', { spec: { holderIdentity: 'edge-1', renewTime } }),
  };
};

const nodeStatus = writeOf({
  class: 'node-status',
  name: 'edge-1',
  subresource: 'status',
  before: objectOf('edge-1', { status: { ready: 'yes' } }),
  after: objectOf('edge-1', { status: { ready: 'no' } }),
});

const leasePath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/edge-1';

test('the Lease is the first that the cloud hears, then the node, then the rest, Events last', async (t) => {
  const stage = await ReplayStage.open({
    writes: [madeEvent('e'), madeMap('user'), nodeStatus],
  });
  stage.cloud.put(leasePath, objectOf('edge-1', { spec: { holderIdentity: 'edge-1', renewTime: 'old' } }));
  stage.cloud.put('/api/v1/nodes/edge-1', objectOf('edge-1', { status: { ready: 'yes' } }));
  stage.lease.keep(lease());
  await stage.heal();
  await stage.timing.pass(10_000);
  t.deepEqual(
    stage.requests.filter((line) => !line.startsWith('GET')),
    ['PUT leases/edge-1 as node', 'PUT nodes/edge-1/status as node', 'POST configmaps as node', 'POST events as node'],
  );
  stage.stop();
});

test('nothing is sent while the link is down, and everything once it is back', async (t) => {
  const stage = await ReplayStage.open({ writes: madeMaps(30) });
  await stage.timing.pass(60_000);
  t.deepEqual(stage.sent, []);
  await stage.heal();
  await stage.timing.pass(1000);
  t.is(stage.cloud.objects.size, 30);
  t.deepEqual(stage.outbox.entries, []);
  stage.stop();
});

test('whoever reads anew waits until all that is owed but Events was tried, and no longer', async (t) => {
  const stage = await ReplayStage.open({ writes: [...madeMaps(20), madeEvent('e1'), madeEvent('e2')] });
  let hold = Promise.withResolvers<void>();
  stage.meddle = async ({ path }) => {
    if (path.includes('configmaps')) await hold.promise;
    return undefined;
  };
  await stage.heal();
  t.false(stage.isGateOpen);
  hold.resolve();
  await stage.timing.pass(0);
  t.true(stage.isGateOpen, 'Events keep nobody waiting');
  hold = Promise.withResolvers();
  await stage.write(madeMap('later'));
  t.true(stage.isGateOpen, 'a write taken in while the cloud is there is shown on top of its word');
  stage.stop();
});

test('what is refused is parked, and holds up nothing', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a'), madeMap('b'), madeMap('c')] });
  const codes = new Map([
    ['a', 403],
    ['b', 422],
  ]);
  stage.meddle = async ({ body }) => {
    const name = JSON.parse(body?.toString() ?? '{}').metadata?.name as string;
    const code = codes.get(name);
    return code === undefined ? undefined : answer(code, { kind: 'Status', message: `no ${name}` });
  };
  await stage.heal();
  await stage.timing.pass(1);
  t.deepEqual(
    stage.parked.map(({ parked }) => [parked?.code, parked?.reason]),
    [
      [403, 'the cloud refused it (403): no a'],
      [422, 'the cloud refused it (422): no b'],
    ],
  );
  t.deepEqual([...stage.cloud.objects.keys()], [`${maps}/c`]);
  t.deepEqual(stage.log.slice(-1), ['ended 3']);
  stage.stop();
});

test('a Lease that the cloud refuses, or cannot take now, holds up nothing', async (t) => {
  for (const code of [403, 422, 500, 429]) {
    const stage = await ReplayStage.open({ writes: [madeMap('a')] });
    stage.lease.keep(lease());
    stage.meddle = async ({ path, method }) => (path.includes('leases') && method !== 'GET' ? answer(code) : undefined);
    await stage.heal();
    await stage.timing.pass(1);
    t.true(stage.isGateOpen, `${code}`);
    t.is(stage.cloud.objects.size, 1);
    t.is(stage.lease.isOwed, code >= 429 && code !== 422);
    stage.meddle = async () => undefined;
    await stage.timing.pass(10_000);
    t.false(stage.lease.isOwed);
    stage.stop();
  }
});

test('the link that is lost in the midst of it: what may have arrived is looked at before it is sent again', async (t) => {
  const stage = await ReplayStage.open({ writes: madeMaps(3) });
  stage.meddle = async (request) => {
    await stage.cloud.send(request); // it arrives, and its answer does not
    stage.link.set(false);
    throw connectionLost();
  };
  await stage.heal();
  await stage.timing.pass(5000);
  t.true(stage.outbox.pending.length > 0);
  const before = stage.sent.length;
  stage.meddle = async () => undefined;
  await stage.heal();
  await stage.timing.pass(5000);
  t.deepEqual(stage.outbox.entries, []);
  t.true(stage.requests.slice(before).every((line) => line.startsWith('GET') || line.startsWith('POST')));
  const posts = stage.requests.filter((line) => line.startsWith('POST')).length;
  t.is(stage.cloud.objects.size, 3);
  t.is(posts, 3, 'each was made once');
  stage.stop();
});

test('a life that begins after a crash looks first at what had been marked as sent', async (t) => {
  const first = await ReplayStage.open({ writes: [madeMap('a')] });
  first.meddle = async (request) => {
    await first.cloud.send(request);
    return new Promise(() => {}); // dies before the answer
  };
  await first.heal();
  t.is(first.cloud.objects.size, 1);
  const second = await first.crash();
  await second.heal();
  await second.timing.pass(1000);
  t.deepEqual(second.requests, ['GET configmaps/a as node']);
  t.deepEqual(second.outbox.entries, []);
  second.stop();
});

test('a request leaves only after the disk has its entry as sent', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a')] });
  stage.records.hold();
  await stage.heal();
  t.deepEqual(stage.sent, []);
  stage.records.release();
  await stage.timing.pass(0);
  t.is(stage.sent.length, 1);
  stage.stop();
});

test('on a disk that takes no writes nothing is sent, who reads goes on, and all is brought once it does', async (t) => {
  const stage = await ReplayStage.open({ writes: madeMaps(3) });
  stage.records.failure = new StorageReadOnlyError('full');
  await stage.heal();
  await stage.timing.pass(120_000);
  t.deepEqual(stage.sent, []);
  t.true(stage.isGateOpen);
  stage.records.failure = undefined;
  await stage.timing.pass(40_000);
  t.is(stage.cloud.objects.size, 3);
  t.deepEqual(stage.outbox.entries, []);
  stage.stop();
});

test('nothing is sent before it was seen, since the link was lost, that this is still the same cluster', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a')] });
  stage.clusterError = new Error('another cluster answers');
  await stage.heal();
  await stage.timing.pass(60_000);
  t.deepEqual(stage.sent, []);
  t.false(stage.isGateOpen);
  stage.clusterError = undefined;
  await stage.timing.pass(2000);
  t.is(stage.cloud.objects.size, 1);

  stage.meddle = async () => answer(503);
  await stage.write(madeMap('b'));
  const { looks, doubts } = stage;
  stage.link.set(false);
  stage.link.set(true);
  stage.clusterError = new Error('another cluster answers');
  stage.sent.length = 0;
  await stage.timing.pass(120_000);
  t.true(stage.doubts > doubts && stage.looks > looks, 'a loss that nobody else noticed counts, too');
  t.deepEqual(stage.sent, []);
  stage.stop();
});

test('an entry that is parked while it waits for its turn is not sent', async (t) => {
  const stage = await ReplayStage.open({ writes: madeMaps(20) });
  const hold = Promise.withResolvers<void>();
  stage.meddle = async () => {
    await hold.promise;
    return undefined;
  };
  await stage.heal();
  const onTheirWay = stage.sent.length;
  await stage.outbox.parkAll({ reason: 'another cluster', code: 0, at: 1 }).onDisk;
  hold.resolve();
  await stage.timing.pass(10_000);
  t.is(stage.sent.length, onTheirWay);
  stage.stop();
});

test('a Lease to which no answer came before the link was lost is the first that the cloud hears once it is back', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a')] });
  stage.cloud.put(leasePath, objectOf('edge-1', { spec: { holderIdentity: 'edge-1', renewTime: 'old' } }));
  stage.lease.keep(lease());
  const loseTheLink = async (): Promise<never> => {
    stage.link.set(false);
    throw connectionLost();
  };
  for (let loss = 0; loss < 4; loss += 1) {
    stage.meddle = loseTheLink;
    await stage.heal();
    await stage.timing.pass(5000);
  }
  const before = stage.requests.length;
  let isOnce = true;
  stage.meddle = async () => {
    if (!isOnce) return undefined;
    isOnce = false;
    throw connectionLost();
  };
  await stage.heal();
  await stage.timing.pass(5000);
  const since = stage.requests.slice(before);
  t.true(since.indexOf('PUT leases/edge-1 as node') < since.indexOf('POST configmaps as node'), since.join());
  t.false(stage.lease.isOwed);
  stage.stop();
});
