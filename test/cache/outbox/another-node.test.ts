// A data directory that was copied to another node, as an image of a disk is.
import test from 'ava';
import { configMap, dataOf, maps, OwedWritesStage } from '../../support/owed-writes-stage.ts';

async function copied() {
  const first = await OwedWritesStage.open({ nodeName: 'node-1' });
  first.cloud.put(`${maps}/web`, configMap('web', { color: 'red' }));
  await first.patch('web', { data: { color: 'blue' } });
  await first.create('new', { a: '1' });
  await first.writes.stop();
  return { records: first.records.afterCrash(), cloud: first.cloud };
}

test('what one node has taken in is never sent by another that has its data directory: it is parked, and says so', async (t) => {
  const { records, cloud } = await copied();
  const second = await OwedWritesStage.open({ records: records.afterCrash(), cloud, nodeName: 'node-2' });
  t.deepEqual(second.log, ['2 of another node']);
  t.is(second.writes.shown(`${maps}/web`), undefined, 'readers see what the cloud has');
  await second.heal();
  t.deepEqual(cloud.requests, []);
  const [entry] = second.writes.outbox.entries;
  t.regex(entry?.parked?.reason ?? '', /^node node-1 has taken it in, and this is node node-2/);
  await t.throwsAsync(second.writes.decisions.retry(1, false), { code: 'HOLDFAST_FOREIGN_WRITE' });
  await second.writes.stop();

  const again = await OwedWritesStage.open({ records: second.records.afterCrash(), cloud, nodeName: 'node-2' });
  t.deepEqual(again.log, [], 'said once');
  t.is(again.writes.outbox.size.parked, 2);
  await again.writes.stop();

  const back = await OwedWritesStage.open({ records, cloud, nodeName: 'node-1' });
  await back.heal();
  t.deepEqual(dataOf(cloud, 'web'), { color: 'blue' }, 'the node itself sends its own');
  await back.writes.stop();
});

test('an operator’s word makes it this node’s own, also over a restart', async (t) => {
  const { records, cloud } = await copied();
  const second = await OwedWritesStage.open({ records: records.afterCrash(), cloud, nodeName: 'node-2' });
  await second.writes.decisions.retry(1, true);
  await second.writes.stop();
  const next = await OwedWritesStage.open({ records: second.records.afterCrash(), cloud, nodeName: 'node-2' });
  await next.heal();
  t.deepEqual(dataOf(cloud, 'web'), { color: 'blue' });
  t.deepEqual(
    next.writes.outbox.entries.map(({ target, state }) => `${target.name} ${state}`),
    ['new parked'],
  );
  await next.writes.stop();
});
