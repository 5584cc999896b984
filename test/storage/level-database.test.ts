import { readdirSync } from 'node:fs';
import test from 'ava';
import { wholeRange } from '../../storage/keyspace.ts';
import { openLevelDatabase } from '../../storage/level-database.ts';
import { databaseSuite } from './database-suite.ts';
import { temporaryDirectory } from './temporary-directory.ts';

databaseSuite(test, async (t) => {
  const database = await openLevelDatabase(temporaryDirectory(t));
  t.teardown(() => database.close());
  return database;
});

test('what was written is there after closing and opening again', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await openLevelDatabase(directory);
  await first.batch([{ type: 'put', key: Buffer.from('a'), value: Buffer.from('1') }], { sync: false });
  await first.close();
  const second = await openLevelDatabase(directory);
  t.deepEqual(await second.get(Buffer.from('a')), Buffer.from('1'));
  await second.close();
});

test('the size of tables is told once there are tables', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await openLevelDatabase(directory);
  const value = Buffer.alloc(100_000, 7);
  await first.batch([{ type: 'put', key: Buffer.from('a'), value }], { sync: false });
  await first.close();
  const second = await openLevelDatabase(directory);
  t.true(readdirSync(directory).some((name) => name.endsWith('.ldb')));
  t.true((await second.approximateSize(wholeRange)) >= 100_000);
  await second.close();
});
