// Versions given out here: above every one seen, and never one twice, whenever the process dies.
import test from 'ava';
import fc from 'fast-check';
import { Versions } from '../../src/cache/versions.ts';
import { StorageReadOnlyError } from '../../storage/errors.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { settled } from '../support/scripted-transport.ts';

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

test('what a client is shown in passing is below all that another life gives out, whenever the process dies', async (t) => {
  const records = new MemoryRecords();
  const versions = await open(records, '100');
  records.hold();
  let isKnown = false;
  const passing = versions.pass('205').then(() => {
    isKnown = true;
  });
  await settled();
  t.false(isKnown, 'the client waits');
  records.release();
  await passing;
  await versions.pass('150');
  t.is((await open(records.afterCrash(), '100')).next(), '206');
  versions.beginAnew('7');
  await settled();
  t.is((await open(records.afterCrash(), '7')).next(), '8', 'in another cluster it means nothing');
});

test('a disk that takes nothing keeps no client waiting', async (t) => {
  const records = new MemoryRecords();
  const versions = await open(records, '100');
  records.failure = new StorageReadOnlyError('full');
  await versions.pass('205');
  t.is(versions.next(), '206');
});

type Step = 'memory' | 'along' | 'hold' | 'release' | 'fail' | 'mend' | 'crash' | 'reserve' | 'next';
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>('memory') },
    { weight: 3, arbitrary: fc.constant<Step>('along') },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Step>('hold', 'release', 'fail', 'mend', 'crash', 'reserve', 'next'),
    },
  ),
  { maxLength: 80 },
);

test('no version is given twice where the disk hears of them with other batches, whichever of these come to it', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 7, 45), async (history, atOnce) => {
      let records = new MemoryRecords();
      let versions = await open(records, '100');
      /** The highest of earlier lives. */
      let before = 0n;
      const given = new Set<string>();
      let life = 1;
      let twice = '';
      for (const step of history) {
        if (step === 'memory') {
          for (let n = 0; n < atOnce; n += 1) {
            const began = life;
            // Held up by the disk, it may be given later; and by a life that has ended it is given to nobody.
            const told = versions.nextInMemory().then(
              (version) => {
                if (life !== began) return;
                if (BigInt(version) <= before || given.has(version)) twice ||= `${version} in life ${life}`;
                given.add(version);
              },
              () => undefined, // refused
            );
            await Promise.race([told, new Promise((resolve) => setImmediate(resolve))]);
          }
        } else if (step === 'along') {
          const { change, settled } = versions.along();
          records.write([change], { sync: true }).then(
            () => settled(true),
            () => settled(false),
          );
        } else if (step === 'hold') records.hold();
        else if (step === 'release') {
          records.release();
          await settled();
        } else if (step === 'fail') records.failure = new StorageReadOnlyError('full');
        else if (step === 'mend') records.failure = undefined;
        else if (step === 'reserve') void versions.reserve();
        else if (step === 'next') versions.giveBack(versions.next());
        else {
          life += 1;
          for (const version of given) if (BigInt(version) > before) before = BigInt(version);
          records = records.afterCrash();
          versions = await open(records, '100');
        }
      }
      records.release();
      await settled();
      t.is(twice, '');
    }),
    { numRuns: 1000 },
  );
});

test('a ceiling that is lowered counts from the moment that it is on its way', async (t) => {
  const records = new MemoryRecords();
  const versions = await open(records, '100');
  await versions.nextInMemory();
  records.hold();
  const { change, settled: told } = versions.along();
  const written = records.write([change], { sync: true }).then(() => told(true));
  const given: string[] = [];
  const asked = Array.from({ length: 60 }, () => versions.nextInMemory().then((version) => given.push(version)));
  await settled();
  t.is(given.length, 40, 'the others wait for the disk');
  records.release();
  await Promise.all([written, ...asked]);
  t.is((await open(records.afterCrash(), '100')).next() > given.toSorted().at(-1)!, true);
});

test('a life that begins after a crash skips few versions where the disk was written to meanwhile, at no sync of its own', async (t) => {
  const records = new MemoryRecords();
  const versions = await open(records, '100');
  const append = async () => {
    const { change, settled } = versions.along();
    await records.write([change], { sync: true });
    settled(true);
  };
  let newest = '';
  for (let minute = 0; minute < 60; minute += 1) {
    await append();
    for (let renewal = 0; renewal < 6; renewal += 1) newest = await versions.nextInMemory();
  }
  t.is(records.batches.length, 60, 'only those of others');
  const next = await open(records.afterCrash(), '100');
  t.true(BigInt(next.next()) > BigInt(newest));
  t.true(BigInt(next.next()) - BigInt(newest) <= 42n);
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
  versions.beginAnew('500');
  await records.write([versions.along().change]);
  t.is(versions.next(), '501');
  t.is((await open(records.afterCrash(), '500')).next(), '541', 'after those that may have been given out in memory');
});
