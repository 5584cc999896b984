// What is owed is brought to the cloud: in which order, how fast, and what does not hold up what.
import test from 'ava';
import type { AcceptedWrite } from '../../../src/cache/outbox/entry.ts';
import { StorageReadOnlyError } from '../../../storage/errors.ts';
import { objectOf, writeOf } from '../../support/outbox-entries.ts';
import { maps } from '../../support/owed-writes-stage.ts';
import { answer, connectionLost, ReplayStage } from '../../support/replay-stage.ts';

const create = (name: string, more: Parameters<typeof writeOf>[0] = {}): AcceptedWrite =>
  writeOf({ op: 'create', name, after: objectOf(name, { uid: `edge-${name}`, data: { a: '1' } }), ...more });
const creates = (count: number): AcceptedWrite[] => Array.from({ length: count }, (_, n) => create(`m${n}`));
const event = (name: string): AcceptedWrite =>
  writeOf({ op: 'create', class: 'event', name, after: objectOf(name, { type: 'Normal' }) });
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
    writes: [event('e'), create('user'), nodeStatus],
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
  const stage = await ReplayStage.open({ writes: creates(30) });
  await stage.timing.pass(60_000);
  t.deepEqual(stage.sent, []);
  await stage.heal();
  await stage.timing.pass(1000);
  t.is(stage.cloud.objects.size, 30);
  t.deepEqual(stage.outbox.entries, []);
  stage.stop();
});

test('whoever reads anew waits until all that is owed but Events was tried, and no longer', async (t) => {
  const stage = await ReplayStage.open({ writes: [...creates(20), event('e1'), event('e2')] });
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
  await stage.write(create('later'));
  t.true(stage.isGateOpen, 'a write taken in while the cloud is there is shown on top of its word');
  stage.stop();
});

test('one that the cloud puts off for hours is tried again and again, and holds up neither the others nor who reads', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('stuck'), ...creates(20)] });
  stage.meddle = async ({ body }) => (body?.includes('"stuck"') ? answer(503, { message: 'no webhook' }) : undefined);
  await stage.heal();
  await stage.timing.pass(1);
  t.is(stage.cloud.objects.size, 20);
  t.true(stage.isGateOpen);
  await stage.timing.pass(3_600_000);
  const tries = stage.requests.filter((line) => line.startsWith('POST')).length - 20;
  t.true(tries > 3_600_000 / 40_000 && tries < 3_600_000 / 20_000, `${tries} tries in an hour`);
  await stage.write(create('new'));
  await stage.timing.pass(1);
  t.is(stage.cloud.objects.size, 21, 'what comes later goes past it');
  stage.meddle = async () => undefined;
  await stage.timing.pass(40_000);
  t.deepEqual(stage.outbox.entries, []);
  stage.stop();
});

test('so long as the cloud asks for it is not tried again', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('a')] });
  stage.meddle = async () => answer(429, {}, { 'retry-after': '20' });
  await stage.heal();
  await stage.timing.pass(19_999);
  t.is(stage.sent.length, 1);
  await stage.timing.pass(20_001);
  t.is(stage.sent.length, 2, 'at a moment of its own, within twice that time');
  stage.stop();
});

test('clocks that jump change nothing: what is put off goes by the time that passes', async (t) => {
  for (const jumpMs of [-1_700_000_000_000, 365 * 24 * 3_600_000]) {
    const stage = await ReplayStage.open({ writes: [create('a')] });
    stage.meddle = async () => answer(503);
    await stage.heal();
    stage.timing.wallClockOffset += jumpMs;
    stage.meddle = async () => undefined;
    await stage.timing.pass(2000);
    t.deepEqual(stage.outbox.entries, []);
    stage.stop();
  }
});

test('of many that are brought side by side each is counted', async (t) => {
  const stage = await ReplayStage.open({ writes: Array.from({ length: 200 }, (_, index) => create(`one-${index}`)) });
  await stage.heal();
  await stage.timing.pass(60_000);
  t.is(stage.cloud.objects.size, 200);
  t.deepEqual(stage.log.slice(-1), ['ended 200']);
  stage.stop();
});

test('what is refused is parked, and holds up nothing', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('a'), create('b'), create('c')] });
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
    const stage = await ReplayStage.open({ writes: [create('a')] });
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
  const stage = await ReplayStage.open({ writes: creates(3) });
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
  const first = await ReplayStage.open({ writes: [create('a')] });
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
  const stage = await ReplayStage.open({ writes: [create('a')] });
  stage.records.hold();
  await stage.heal();
  t.deepEqual(stage.sent, []);
  stage.records.release();
  await stage.timing.pass(0);
  t.is(stage.sent.length, 1);
  stage.stop();
});

test('on a disk that takes no writes nothing is sent, who reads goes on, and all is brought once it does', async (t) => {
  const stage = await ReplayStage.open({ writes: creates(3) });
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

test('what was put off and is not owed any more wakes nobody', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('a')] });
  stage.records.failure = new StorageReadOnlyError('full');
  await stage.heal();
  stage.records.failure = undefined;
  const uid = 'edge-a';
  await stage.outbox.add(writeOf({ op: 'delete', name: 'a', before: objectOf('a', { uid }), after: undefined }));
  t.deepEqual(stage.outbox.entries, [], 'the cloud never heard of it');
  await stage.timing.pass(60_000);
  t.is(stage.timing.sleepers, 0);
  stage.stop();
});

test('one to which no answer ever comes does not hold up the others', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('cursed'), ...creates(10)] });
  stage.meddle = async ({ body, path }) => {
    if (body?.includes('"cursed"') || path.includes('cursed')) throw connectionLost();
    return undefined;
  };
  await stage.heal();
  await stage.timing.pass(30_000);
  t.is(stage.cloud.objects.size, 10);
  t.true(stage.isGateOpen);
  t.deepEqual(
    stage.outbox.pending.map(({ target }) => target.name),
    ['cursed'],
  );
  stage.stop();
});

test('no more requests go out in a second than were allowed, and a fleet does not begin at once', async (t) => {
  const stage = await ReplayStage.open({ writes: creates(200), perSecond: 20, jitterMs: 2000 });
  stage.timing.luck = 0.75;
  await stage.heal();
  await stage.timing.pass(40_000);
  const times = stage.sent.map((line) => Number(line.split(' ', 1)[0]));
  t.is(times[0], 1500, 'a random part of the jitter');
  t.true(times.filter((time) => time < 1500 + 1000).length <= 5, 'slowly at first');
  for (const start of times) {
    const inSecond = times.filter((time) => time >= start && time < start + 1000).length;
    t.true(inSecond <= 22, `${inSecond} in a second`);
  }
  t.is(times.length, 200);
  stage.stop();
});

test('Events go at five a second at most, slowly at first, behind everything that comes in meanwhile', async (t) => {
  const stage = await ReplayStage.open({ writes: Array.from({ length: 100 }, (_, n) => event(`e${n}`)) });
  await stage.heal();
  const told = (): number => stage.requests.filter((line) => line.includes('events')).length;
  await stage.timing.pass(2000);
  t.true(told() >= 1 && told() <= 3, `${told()} Events in two seconds`);
  await stage.write(create('urgent'));
  await stage.timing.pass(2000);
  t.is(stage.cloud.objects.has(`${maps}/urgent`), true);
  await stage.timing.pass(30_000);
  const before = told();
  await stage.timing.pass(2000);
  t.true(told() - before >= 8 && told() - before <= 11, `${told() - before} Events in two seconds`);
  await stage.timing.pass(20_000);
  t.deepEqual(stage.outbox.entries, []);
  stage.stop();
});

test('a link that flaps repeats nothing and storms nobody', async (t) => {
  const stage = await ReplayStage.open({ writes: creates(10) });
  let requests = 0;
  stage.meddle = async () => {
    requests += 1;
    if (requests % 4 !== 0) return undefined;
    stage.link.set(false);
    throw connectionLost();
  };
  for (let flap = 0; flap < 40 && stage.outbox.pending.length > 0; flap += 1) {
    await stage.heal();
    await stage.timing.pass(1500);
  }
  t.deepEqual(stage.outbox.entries, []);
  t.is(stage.cloud.objects.size, 10);
  t.true(stage.sent.length <= 10 * 4, `${stage.sent.length} requests for ten writes`);
  stage.stop();
});

test('nothing is sent before it was seen, since the link was lost, that this is still the same cluster', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('a')] });
  stage.clusterError = new Error('another cluster answers');
  await stage.heal();
  await stage.timing.pass(60_000);
  t.deepEqual(stage.sent, []);
  t.false(stage.isGateOpen);
  stage.clusterError = undefined;
  await stage.timing.pass(2000);
  t.is(stage.cloud.objects.size, 1);

  stage.meddle = async () => answer(503);
  await stage.write(create('b'));
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
  const stage = await ReplayStage.open({ writes: creates(20) });
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

test('a writer whose token has ended is brought with a newer one of the same identity, never with another’s', async (t) => {
  const stage = await ReplayStage.open({
    writes: [
      create('mine', { identity: 'sa:a', token: 'old' }),
      create('theirs', { identity: 'sa:b', token: 'stale' }),
    ],
  });
  const good = new Set(['new']);
  stage.meddle = async ({ credential }) =>
    credential.kind === 'bearer' && good.has(credential.token) ? undefined : answer(401, { message: 'Unauthorized' });
  stage.tokens.see('sa:a', 'new');
  await stage.heal();
  await stage.timing.pass(1);
  t.deepEqual(stage.requests.toSorted(), [
    'POST configmaps as new',
    'POST configmaps as old',
    'POST configmaps as stale',
  ]);
  t.true(stage.isGateOpen);
  t.deepEqual(
    stage.outbox.pending.map(({ target }) => target.name),
    ['theirs'],
  );

  await stage.timing.pass(300_000);
  t.is(stage.sent.length, 3, 'a token that is refused is not tried again and again');
  good.add('fresh');
  stage.tokens.see('sa:b', 'fresh');
  stage.replayer.tokenSeen('sa:b');
  await stage.timing.pass(1);
  t.deepEqual(stage.outbox.entries, []);
  t.is(stage.requests.at(-1), 'POST configmaps as fresh');
  stage.stop();
});

test('a token that is awaited in vain parks the write ten minutes after the link came back', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('a', { identity: 'sa:a', token: 'old' })] });
  stage.meddle = async () => answer(401, { message: 'Unauthorized' });
  await stage.heal();
  await stage.timing.pass(9 * 60_000);
  t.deepEqual(stage.parked, []);
  await stage.timing.pass(2 * 60_000);
  t.is(stage.parked[0]?.parked?.code, 401);
  t.true(stage.requests.every((line) => line.endsWith('as old')));
  stage.stop();
});

test('what an account wrote that was deleted and made anew since is parked at once, and never sent as the new one', async (t) => {
  const [old, anew] = ['sa:default:writer:0123:uid-1', 'sa:default:writer:0123:uid-2'];
  const stage = await ReplayStage.open({
    writes: [create('a', { identity: old, token: 'of-the-old' }), create('b', { identity: anew, token: 'of-the-new' })],
  });
  stage.meddle = async ({ credential }) =>
    credential.kind === 'bearer' && credential.token === 'of-the-new' ? undefined : answer(401, {}, {});
  await stage.heal();
  await stage.timing.pass(1000);
  t.deepEqual(stage.parked, [], 'it may come with another token');
  stage.tokens.see(anew, 'of-the-new');
  stage.replayer.tokenSeen(anew);
  await stage.timing.pass(1000);
  t.regex(
    stage.parked[0]?.parked?.reason ?? '',
    /system:serviceaccount:default:writer was deleted and made anew since/,
  );
  t.deepEqual([...stage.cloud.objects.keys()], [`${maps}/b`]);
  t.is(stage.requests.filter((line) => line.endsWith('as of-the-new')).length, 1, 'its own write');
  stage.stop();
});

test('a node whose own credential is refused tries it again, for it may be read anew', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('a')] });
  stage.meddle = async () => answer(401);
  await stage.heal();
  await stage.timing.pass(60_000);
  t.deepEqual(stage.parked, []);
  stage.meddle = async () => undefined;
  await stage.timing.pass(60_000);
  t.is(stage.cloud.objects.size, 1);
  stage.stop();
});

test('a Lease to which no answer came before the link was lost is the first that the cloud hears once it is back', async (t) => {
  const stage = await ReplayStage.open({ writes: [create('a')] });
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
