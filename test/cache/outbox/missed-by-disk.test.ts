// What a failing disk has missed, and goes with the next batch that it takes.
import test from 'ava';
import { DiskState } from '../../../src/cache/outbox/disk-state.ts';
import { Outbox } from '../../../src/cache/outbox/outbox.ts';
import { ShownSpans } from '../../../src/cache/outbox/shown-spans.ts';
import { StorageReadOnlyError } from '../../../storage/errors.ts';
import type { Change, WriteOptions } from '../../../storage/records.ts';
import { MemoryRecords } from '../../support/memory-records.ts';
import { objectOf, writeOf } from '../../support/outbox-entries.ts';
import { OwedWritesStage } from '../../support/owed-writes-stage.ts';
import { pods } from '../../support/sample-objects.ts';
import { settled } from '../../support/scripted-transport.ts';

const full = new StorageReadOnlyError('No space left on device');
const limits = { entries: 100, bytes: 1_000_000, events: 10 };

/** A hub that has shown something at a version of which the disk has not heard. */
async function shownUnheard(urgentFailure?: Error) {
  const records = new MemoryRecords();
  records.urgentFailure = urgentFailure;
  const log: string[] = [];
  const diskState = new DiskState((error) => log.push(error === undefined ? 'goes on' : `is behind: ${error}`));
  const spans = new ShownSpans({ records, diskState });
  const outbox = await Outbox.open({ records, limits, onDropped: () => {}, onUnreadable: () => {}, diskState, spans });
  const entry = await outbox.add(writeOf({ op: 'create', name: 'a', after: objectOf('a', { uid: 'edge-a' }) }));
  records.failure = full;
  spans.gaveOut(pods, '5000');
  await settled();
  return { records, log, spans, outbox, entry: entry! };
}

async function isRemembered(records: MemoryRecords): Promise<boolean> {
  const later = new ShownSpans({ records: records.afterCrash() });
  await later.restore('');
  return later.has(pods, '5000');
}

test('the disk hears under which versions something was shown before it forgets what that was', async (t) => {
  const { records, log, spans, outbox, entry } = await shownUnheard(full);
  t.deepEqual(log, ['is behind: StorageReadOnlyError: Storage is read-only: No space left on device']);
  t.true(spans.isBehind);
  records.failure = undefined;
  await outbox.settle([entry]);
  t.true(await isRemembered(records));
  t.false(spans.isBehind);
  t.is(log.at(-1), 'goes on');
  t.is(spans.along(), undefined, 'once is enough');
});

test('a full disk hears of it in the space that is kept for urgent changes', async (t) => {
  const { records, spans } = await shownUnheard();
  t.true(await isRemembered(records));
  t.false(spans.isBehind);
  const { writeUrgent } = records;
  records.writeUrgent = async (changes) => {
    records.writeUrgent = writeUrgent;
    await writeUrgent.call(records, changes);
    spans.gaveOut(pods, '6009'); // while another is on its way
    await settled();
  };
  spans.gaveOut(pods, '6000');
  await settled();
  await settled();
  const later = new ShownSpans({ records: records.afterCrash() });
  await later.restore('');
  t.is(later.newest, '6009');
});

test('where even that failed it is tried again with what is settled', async (t) => {
  const { records, outbox, entry } = await shownUnheard(full);
  records.urgentFailure = undefined;
  await outbox.settle([entry]);
  t.true(await isRemembered(records));
});

test('what is kept for urgent changes is not used up by it, and no version is given out once more', async (t) => {
  const records = new MemoryRecords();
  const stage = await OwedWritesStage.open({ records });
  records.failure = full;
  let urgent = 0;
  const { writeUrgent } = records;
  records.writeUrgent = (changes) => {
    urgent += 1;
    return writeUrgent.call(records, changes);
  };
  for (let version = 6000; version < 7000; version += 1) {
    stage.writes.spans.gaveOut(pods, String(version));
    await settled();
  }
  t.is(urgent, 256);
  const next = await OwedWritesStage.open({ records: records.afterCrash() });
  t.true(BigInt(next.writes.versions.next()) > 6255n);
});

test('where nothing else is written, the chore that comes every minute tells the disk', async (t) => {
  const { records, spans, outbox } = await shownUnheard(full);
  await outbox.flush();
  t.true(spans.isBehind, 'it takes nothing yet');
  records.failure = undefined;
  await outbox.flush();
  t.true(await isRemembered(records));
});

test('a hub that ends while its disk is full ends well, says so, and the next life gives out no version once more', async (t) => {
  const stage = await OwedWritesStage.open();
  const { versions } = stage.writes;
  await versions.reserve();
  const given = versions.next();
  stage.records.failure = full;
  await t.notThrowsAsync(stage.writes.flush());
  t.true(
    stage.log.some((line) => line.includes(full.message)),
    stage.log.join(),
  );
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash() });
  t.true(BigInt(next.writes.versions.next()) > BigInt(given));
});

test('a life that begins after the disk took nothing of another cluster’s coming parks all the same once it does', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.create('web', { a: '1' });
  stage.records.failure = full;
  await t.throwsAsync(stage.writes.forgetCluster(new Error('another cluster answers'), '7'), { is: full });
  t.true(stage.log.includes('1 of another cluster'), 'said although the disk is behind');
  stage.records.failure = undefined;
  await stage.writes.outbox.flush();
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud: stage.cloud });
  t.deepEqual(
    next.writes.outbox.entries.map(({ state, parked }) => [state, parked?.isForeign]),
    [['parked', true]],
  );
});

test('nor does such a life go on with the versions of the cluster before, also where nothing was owed', async (t) => {
  const synced: boolean[] = [];
  const records = new (class extends MemoryRecords {
    override write(changes: readonly Change[], options?: WriteOptions): Promise<void> {
      synced.push(options?.sync === true);
      return super.write(changes, options);
    }
  })();
  const stage = await OwedWritesStage.open({ records });
  stage.writes.versions.see('1000000');
  await stage.create('web', { a: '1' });
  await stage.delete('web');
  records.failure = full;
  await t.throwsAsync(stage.writes.forgetCluster(new Error('another cluster answers'), '7'), { is: full });
  records.failure = undefined;
  await stage.writes.outbox.flush();
  t.true(synced.at(-1), 'as the batch that it has missed was to be');
  const next = await OwedWritesStage.open({ records: records.afterCrash() });
  t.true(BigInt(next.writes.versions.next()) < 2000n);
});
