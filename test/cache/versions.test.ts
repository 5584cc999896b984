// Versions given out here: above every one seen, and never one twice, whenever the process dies.
import test from 'ava';
import fc from 'fast-check';
import { Versions } from '../../src/cache/versions.ts';
import { StorageReadOnlyError } from '../../storage/errors.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const open = async (records = new MemoryRecords(), newestKnown: string | (() => string) = ''): Promise<Versions> => {
  const versions = new Versions({
    records,
    newestKnown: typeof newestKnown === 'string' ? () => newestKnown : newestKnown,
  });
  await versions.restore();
  return versions;
};

type Act =
  | { readonly what: 'memory' | 'flush' | 'reserve' | 'crash' }
  | { readonly what: 'see'; readonly version: number };

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Act>({ what: 'memory' }) },
    { weight: 1, arbitrary: fc.constantFrom<Act>({ what: 'flush' }, { what: 'reserve' }, { what: 'crash' }) },
    { weight: 1, arbitrary: fc.nat(3000).map((version): Act => ({ what: 'see', version: version + 1 })) },
  ),
  { maxLength: 60 },
);

test('a version kept in memory only is above every one given or seen, also in a life that begins at any point', async (t) => {
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      let records = new MemoryRecords();
      let given = 0n;
      /** By whatever the store holds of the cloud. */
      let seen = 0n;
      const newestKnown = (): string => (seen === 0n ? '' : String(seen));
      let versions = await open(records, newestKnown);
      for (const act of history) {
        if (act.what === 'see') {
          if (BigInt(act.version) > seen) seen = BigInt(act.version);
        } else if (act.what === 'flush') await versions.flush();
        else if (act.what === 'reserve') await versions.reserve();
        else if (act.what === 'crash') {
          records = records.afterCrash();
          versions = await open(records, newestKnown);
        } else {
          const version = BigInt(await versions.nextInMemory());
          t.true(version > given && version > seen, `${version} after ${given}, seen ${seen}`);
          given = version;
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a version is not given before the disk has it that it may have been', async (t) => {
  const records = new MemoryRecords();
  const versions = await open(records, '100');
  records.hold();
  let given: string | undefined;
  const asked = versions.nextInMemory().then((version) => {
    given = version;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.is(given, undefined);
  records.release();
  await asked;
  t.is(given, '101');
});

test('an hour of lease renewals asks the disk once', async (t) => {
  const records = new MemoryRecords();
  const versions = await open(records, '100');
  for (let renewal = 0; renewal < 360; renewal += 1) await versions.nextInMemory();
  t.is(records.batches.length, 1);
});

test('a disk that takes nothing refuses a version that would be in memory only', async (t) => {
  const records = new MemoryRecords();
  records.failure = new StorageReadOnlyError('full');
  const versions = await open(records, '100');
  await t.throwsAsync(versions.nextInMemory(), { instanceOf: StorageReadOnlyError });
  records.failure = undefined;
  t.true(BigInt(await versions.nextInMemory()) > 100n);
});

test('one that nobody was told of is given again, unless another came after it', async (t) => {
  const versions = await open(undefined, '100');
  const first = versions.next();
  versions.giveBack(first);
  t.is(versions.next(), first);
  const second = versions.next();
  versions.giveBack(first);
  t.not(versions.next(), second);
});

test('another cluster’s versions begin anew, for the lives after this one too', async (t) => {
  const records = new MemoryRecords();
  const versions = await open(records, '');
  versions.see('1000000');
  await versions.nextInMemory();
  await records.write(versions.beginAnew('500'));
  t.is(versions.next(), '501');
  t.is((await open(records.afterCrash(), '500')).next(), '501');
});
