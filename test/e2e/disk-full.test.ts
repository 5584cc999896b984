// A real full disk: a file system of a few MB that someone else fills up. Needs the right to mount.
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { StorageReadOnlyError } from '../../storage/errors.ts';
import type { Change } from '../../storage/records.ts';
import { verifyDirectory } from '../../storage/verify.ts';
import { openTestRecords, type TestRecords } from '../storage/open-test-records.ts';
import { podBody } from '../storage/pod.ts';
import { test } from './one-by-one.ts';
import { fill, smallDisk } from './small-disk.ts';

const pod = (number: number): Change => ({
  type: 'put',
  space: 'object',
  key: `pod ${number}`,
  value: podBody(number),
});
const scope = (value: string): Change => ({ type: 'put', space: 'scope', key: '1', value: Buffer.from(value) });

async function writeUntilRefused({ records }: TestRecords): Promise<number> {
  for (let number = 0; ; number++) {
    try {
      await records.write([pod(number)]);
    } catch (error) {
      if (error instanceof StorageReadOnlyError) return number;
      throw error;
    }
  }
}

async function untilHealthy({ records, clock, healths }: TestRecords): Promise<void> {
  const isHealthy = (): boolean => records.health.state === 'ok';
  for (let attempt = 0; !isHealthy(); attempt++) {
    if (attempt > 100) throw new Error(`still ${JSON.stringify(healths.at(-1))}`);
    clock.advance(30_000);
    // One attempt is over when the next one is scheduled.
    while (!isHealthy() && clock.pendingTimers === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test('on a full disk storage serves, takes urgent changes, survives a restart and recovers by itself', async (t) => {
  t.timeout(60_000);
  const disk = smallDisk(t, '8m');
  if (disk === undefined) return t.pass();
  const directory = join(disk, 'data');
  const filler = join(disk, 'filler');

  const first = await openTestRecords(t, { directory });
  await first.records.write([scope('complete')], { sync: true });
  fill(filler);
  const written = await writeUntilRefused(first);
  t.log(`${written} pods were written before the disk was full`);
  t.regex(first.records.health.reason ?? '', /No space left/);
  for (let number = 0; number < written; number++) {
    t.deepEqual(await first.records.read('object', `pod ${number}`), podBody(number));
  }
  await first.records.writeUrgent([scope('behind')]);
  t.deepEqual(await first.records.read('scope', '1'), Buffer.from('behind'));
  await first.records.close();
  t.is(statfsSync(disk).bavail, 0, 'the disk is still full');

  // The machine starts again, and nobody has made room.
  const second = await openTestRecords(t, { directory });
  t.deepEqual(await second.records.read('scope', '1'), Buffer.from('behind'));
  for (let number = 0; number < written; number++) {
    t.deepEqual(await second.records.read('object', `pod ${number}`), podBody(number));
  }
  t.deepEqual(second.damages, []);

  fill(filler);
  await writeUntilRefused(second);
  t.is(second.records.health.state, 'read-only');
  rmSync(filler);
  await untilHealthy(second);
  await second.records.write([scope('complete again')], { sync: true });
  await second.records.close();
  t.true((await verifyDirectory(directory, undefined)).isSound);
  t.deepEqual(second.damages, []);
});

test('a shortage in the middle of heavy writing loses nothing that was acknowledged', async (t) => {
  t.timeout(60_000);
  const disk = smallDisk(t, '16m');
  if (disk === undefined) return t.pass();
  const directory = join(disk, 'data');
  const filler = join(disk, 'filler');
  const held = await openTestRecords(t, { directory });
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < 5; round++) {
    for (let number = 0; number < 3000; number++) {
      if (number === 1500) fill(filler);
      const key = `pod ${number % 300}`;
      try {
        await held.records.write([{ ...pod(number), key }]);
        acknowledged.set(key, number);
      } catch (error) {
        t.true(error instanceof StorageReadOnlyError);
        break;
      }
    }
    rmSync(filler, { force: true });
    await untilHealthy(held);
    for (const [key, number] of acknowledged) t.deepEqual(await held.records.read('object', key), podBody(number));
  }
  t.deepEqual(held.damages, []);
});
