import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { parseWitness, readWitness, SyncedWitness, witnessLine } from '../../storage/synced-witness.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('a witness says the last number it was told', async (t) => {
  const path = join(temporaryDirectory(t), 'synced');
  t.is(await readWitness(path), 'none');
  const witness = await SyncedWitness.open(path);
  t.is(await readWitness(path), 0);
  await Promise.all([witness.write(7), witness.write(12), witness.write(9)]);
  await witness.close();
  t.is(await readWitness(path), 12);
  t.is(readFileSync(path).length, witnessLine(0).length);
  const again = await SyncedWitness.open(path);
  await again.write(13);
  await again.close();
  t.is(await readWitness(path), 13);
});

test('a line that was damaged or is of another kind is unreadable', async (t) => {
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.nat(), fc.nat(7), (batch, at, bit) => {
      const line = Buffer.from(witnessLine(batch), 'latin1');
      t.is(parseWitness(line.toString('latin1')), batch);
      line[at % line.length]! ^= 1 << bit;
      t.is(parseWitness(line.toString('latin1')), 'unreadable');
    }),
  );
  const path = join(temporaryDirectory(t), 'synced');
  writeFileSync(path, '');
  t.is(await readWitness(path), 'unreadable');
});
