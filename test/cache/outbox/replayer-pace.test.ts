// How fast what is owed is brought, and how long what the cloud puts off waits.
import test from 'ava';
import { StorageReadOnlyError } from '../../../storage/errors.ts';
import { madeEvent, madeMap, madeMaps, objectOf, writeOf } from '../../support/outbox-entries.ts';
import { maps } from '../../support/owed-writes-stage.ts';
import { answer, connectionLost, ReplayStage } from '../../support/replay-stage.ts';

test('one that the cloud puts off for hours is tried again and again, and holds up neither the others nor who reads', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('stuck'), ...madeMaps(20)] });
  stage.meddle = async ({ body }) => (body?.includes('"stuck"') ? answer(503, { message: 'no webhook' }) : undefined);
  await stage.heal();
  await stage.timing.pass(1);
  t.is(stage.cloud.objects.size, 20);
  t.true(stage.isGateOpen);
  await stage.timing.pass(3_600_000);
  const tries = stage.requests.filter((line) => line.startsWith('POST')).length - 20;
  t.true(tries > 3_600_000 / 40_000 && tries < 3_600_000 / 20_000, `${tries} tries in an hour`);
  await stage.write(madeMap('new'));
  await stage.timing.pass(1);
  t.is(stage.cloud.objects.size, 21, 'what comes later goes past it');
  stage.meddle = async () => undefined;
  await stage.timing.pass(40_000);
  t.deepEqual(stage.outbox.entries, []);
  stage.stop();
});

test('so long as the cloud asks for it is not tried again', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a')] });
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
    const stage = await ReplayStage.open({ writes: [madeMap('a')] });
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
  const stage = await ReplayStage.open({ writes: Array.from({ length: 200 }, (_, index) => madeMap(`one-${index}`)) });
  await stage.heal();
  await stage.timing.pass(60_000);
  t.is(stage.cloud.objects.size, 200);
  t.deepEqual(stage.log.slice(-1), ['ended 200']);
  stage.stop();
});

test('what was put off and is not owed any more wakes nobody', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a')] });
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
  const stage = await ReplayStage.open({ writes: [madeMap('cursed'), ...madeMaps(10)] });
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
  const stage = await ReplayStage.open({ writes: madeMaps(200), perSecond: 20, jitterMs: 2000 });
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
  const stage = await ReplayStage.open({ writes: Array.from({ length: 100 }, (_, n) => madeEvent(`e${n}`)) });
  await stage.heal();
  const told = (): number => stage.requests.filter((line) => line.includes('events')).length;
  await stage.timing.pass(2000);
  t.true(told() >= 1 && told() <= 3, `${told()} Events in two seconds`);
  await stage.write(madeMap('urgent'));
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
  const stage = await ReplayStage.open({ writes: madeMaps(10) });
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
