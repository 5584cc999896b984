import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { configMap, dataOf, maps, OwedWritesStage } from '../../support/owed-writes-stage.ts';

const eventsOf = ({ cloud }: OwedWritesStage): JsonObject[] =>
  [...cloud.objects].filter(([path]) => path.includes('/events/')).map(([, object]) => object);

test('a conflict is parked with what the cloud had, and an Event on the object goes to the cloud as the node', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  const [entry] = stage.writes.outbox.entries;
  t.is(entry?.state, 'parked');
  t.deepEqual(entry?.parked?.conflicts, ['data.color']);
  t.deepEqual(entry?.parked?.cloud?.data, { color: 'green', size: '1' });
  t.deepEqual(dataOf(stage.cloud, 'web'), { color: 'green', size: '2' }, 'what is not in conflict has arrived');
  const [event, ...others] = eventsOf(stage);
  t.deepEqual(others, []);
  t.like(event, {
    kind: 'Event',
    type: 'Warning',
    reason: 'WriteParked',
    source: { component: 'holdfast', host: 'node-1' },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'default',
      name: 'web',
      uid: (stage.cloud.objects.get(`${maps}/web`)!.metadata as JsonObject).uid,
    },
  });
  t.regex(String(event!.message), /system:serviceaccount:default:writer, .*data\.color.*holdfast outbox show 1/);
  const sent = stage.cloud.requests.find(({ method, path }) => method === 'POST' && path.includes('/events'));
  t.is(sent?.credential.kind, 'node');
  t.is(sent?.userAgent, 'holdfast/test');
});

test('an Event about a parked write survives a cut and a crash between the parking and its turn', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  stage.cloud.refuse = ({ path }) => (path.includes('/events') ? { code: 503, message: 'not now' } : undefined);
  stage.link.set(true);
  await stage.until(() => stage.log.includes('accepted Event'));
  await stage.writes.stop();
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud: stage.cloud });
  t.is(next.writes.outbox.size.parked, 1);
  stage.cloud.refuse = () => undefined;
  await next.heal();
  t.is(eventsOf(next).length, 1);
});

test('an Event that is parked makes no Event', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  stage.cloud.refuse = ({ path }) => (path.includes('/events') ? { code: 403, message: 'no Events here' } : undefined);
  await stage.heal();
  t.deepEqual(
    stage.writes.outbox.entries.map(({ class: of, state }) => `${of} ${state}`),
    ['user parked', 'event parked'],
  );
  t.is(stage.log.filter((line) => line === 'accepted Event').length, 1);
});

test('the refusal of a Secret is not repeated in an Event', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.create('key', { password: 'aHVudGVyMg==' }, 'secrets');
  stage.cloud.refuse = ({ path }) =>
    path.includes('/secrets') ? { code: 422, message: 'data[password]: Invalid value: hunter2' } : undefined;
  await stage.heal();
  const [event] = eventsOf(stage);
  t.notRegex(JSON.stringify(event), /hunter2|aHVudGVyMg/);
  t.regex(String(event!.message), /the cloud refused it \(422\)/);
  t.is((event!.involvedObject as JsonObject).uid, undefined, 'its uid is known to nobody else');
});

test('an Event that the disk does not take is said, and the replay goes on', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.create('other', { a: 'b' });
  const full = new Error('the disk is full');
  const { writes } = stage;
  const { add } = writes.outbox;
  writes.outbox.add = (write) => (write.class === 'event' ? Promise.reject(full) : add.call(writes.outbox, write));
  await stage.heal();
  t.deepEqual(
    stage.log.filter((line) => line.startsWith('untold')),
    ['untold 1: Error: the disk is full'],
  );
  t.deepEqual(dataOf(stage.cloud, 'other'), { a: 'b' });
});

test('however often writes to one object are parked, it has one Event in ten minutes, and the next one counts the others', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  for (let n = 0; n < 20; n += 1) {
    const { concluded } = await stage.writes.decisions.retry(1, false);
    await stage.heal();
    t.is(await concluded, 'parked');
  }
  t.is(eventsOf(stage).length, 1);
  t.is(eventsOf(stage)[0]?.count, 1);
  stage.timing.advance(10 * 60_000);
  await stage.writes.decisions.retry(1, false);
  await stage.heal();
  const [first, second, ...others] = eventsOf(stage);
  t.deepEqual(others, []);
  t.is(second?.count, 21);
  t.true(String(second?.firstTimestamp) >= String(first?.lastTimestamp));
  t.true(String(second?.firstTimestamp) < String(second?.lastTimestamp));
});

test('retry decides anew: still in conflict it is parked again, no more in conflict it arrives', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  const again = await stage.writes.decisions.retry(1, false);
  await stage.heal();
  t.is(await again.concluded, 'parked');
  t.is(stage.writes.outbox.get(1)?.state, 'parked');

  stage.cloud.put(`${maps}/web`, configMap('web', { color: 'red', size: '1' }));
  const { concluded } = await stage.writes.decisions.retry(1, false);
  await stage.heal();
  t.is(await concluded, 'applied');
  t.deepEqual(dataOf(stage.cloud, 'web'), { color: 'blue', size: '2' });
  t.is(stage.writes.outbox.get(1), undefined);
});

test('retry as mine puts what was written here over the cloud, and keeps what only the cloud changed', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  stage.cloud.put(`${maps}/web`, configMap('web', { color: 'black', size: '2', new: 'of the cloud' }));
  const { concluded } = await stage.writes.decisions.retry(1, true);
  await stage.heal();
  t.is(await concluded, 'applied');
  t.deepEqual(dataOf(stage.cloud, 'web'), { color: 'blue', size: '2', new: 'of the cloud' });
});

test('retry as mine makes again what the cloud has deleted, and deletes what the cloud has changed', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  stage.cloud.objects.delete(`${maps}/web`);
  stage.cloud.put(`${maps}/old`, configMap('old', { a: '1' }));
  await stage.delete('old');
  stage.cloud.put(`${maps}/old`, configMap('old', { a: '2' }));
  await stage.heal();
  const [changed, deleted] = stage.writes.outbox.entries;
  t.is(changed?.parked?.isAbsent, true);
  t.is(deleted?.parked?.isAbsent, undefined);
  for (const { sequence } of [changed!, deleted!]) await stage.writes.decisions.retry(sequence, true);
  await stage.heal();
  t.deepEqual(dataOf(stage.cloud, 'web'), { color: 'blue', size: '2' });
  t.false(stage.cloud.objects.has(`${maps}/old`));
});

test('that it is mine counts once: parked again for another reason, the policy decides again', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  stage.cloud.refuse = ({ method }) =>
    method === 'PUT' || method === 'PATCH' ? { code: 403, message: 'not you' } : undefined;
  await stage.writes.decisions.retry(1, true);
  await stage.heal();
  t.is(stage.writes.outbox.get(1)?.parked?.code, 403);
  stage.cloud.refuse = () => undefined;
  await stage.writes.decisions.retry(1, false);
  await stage.heal();
  t.is(stage.writes.outbox.get(1)?.state, 'parked');
  t.is(dataOf(stage.cloud, 'web')?.color, 'green');
});

test('a write to the object while a retried one waits is not folded into it: neither is lost', async (t) => {
  const stage = await OwedWritesStage.open({ conflict: 'park' });
  await stage.conflict();
  await stage.heal();
  stage.link.set(false);
  await stage.writes.decisions.retry(1, true);
  await stage.patch('web', { data: { late: 'yes' } });
  await stage.heal();
  t.deepEqual(dataOf(stage.cloud, 'web'), { color: 'blue', size: '2', late: 'yes' });
});

test('what is retried while the cloud is away waits for it, over a crash too', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  stage.link.set(false);
  await stage.writes.decisions.retry(1, true);
  await stage.writes.stop();
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud: stage.cloud });
  t.is(next.writes.outbox.get(1)?.state, 'sent');
  t.is(next.writes.shown(`${maps}/web`), undefined, 'readers see what the cloud has, as they did before');
  await next.heal();
  t.is(dataOf(next.cloud, 'web')?.color, 'blue');
});

test('drop keeps a copy first; without one, or when the disk refuses, the entry stays parked', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  const { writes, records } = stage;
  const noCopy = new Error('no room for a copy');
  await t.throwsAsync(
    writes.decisions.drop(1, () => Promise.reject(noCopy)),
    { is: noCopy },
  );
  t.is(writes.outbox.get(1)?.state, 'parked');
  records.failure = new Error('read-only');
  await t.throwsAsync(
    writes.decisions.drop(1, async () => {}),
    { is: records.failure },
  );
  t.is(writes.outbox.get(1)?.state, 'parked');
  records.failure = undefined;
  const copies: number[] = [];
  await writes.decisions.drop(1, async ({ sequence }) => {
    t.is(writes.outbox.get(1)?.state, 'parked', 'still there while its copy is made');
    copies.push(sequence);
  });
  t.deepEqual(copies, [1]);
  t.is(writes.outbox.get(1), undefined);
  await writes.stop();
  const next = await OwedWritesStage.open({ records: records.afterCrash(), cloud: stage.cloud });
  t.deepEqual(next.writes.outbox.entries, []);
});

test('two decisions about one entry: the second finds what the first has made of it', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  stage.link.set(false);
  const [retried, dropped] = await Promise.allSettled([
    stage.writes.decisions.retry(1, false),
    stage.writes.decisions.drop(1, async () => t.fail('a copy of what is not dropped')),
  ]);
  t.is(retried.status, 'fulfilled');
  t.is((dropped as PromiseRejectedResult).reason.code, 'HOLDFAST_NOT_PARKED');
  await t.throwsAsync(async () => stage.writes.decisions.retry(7, false), { code: 'HOLDFAST_NO_SUCH_ENTRY' });
});

test('a write that was meant for another cluster goes to this one only by a word of its own, also one parked before', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.conflict();
  await stage.heal();
  await stage.writes.forgetCluster(new Error('another cluster answers'), '1');
  const [entry] = stage.writes.outbox.entries;
  t.is(entry?.parked?.isForeign, true);
  t.deepEqual(entry?.parked?.conflicts, ['data.color'], 'why it was parked is kept');
  await t.throwsAsync(stage.writes.decisions.retry(entry!.sequence, false), { code: 'HOLDFAST_FOREIGN_WRITE' });
  t.is(stage.writes.outbox.get(entry!.sequence)?.state, 'parked');
  await stage.writes.decisions.retry(entry!.sequence, true);
  t.is(stage.writes.outbox.get(entry!.sequence)?.state, 'sent');
});
