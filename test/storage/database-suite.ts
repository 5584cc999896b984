// What every database must do, run against each implementation.
import type { ExecutionContext, TestFn } from 'ava';
import type { Database, Operation } from '../../storage/database.ts';
import { keyRange, wholeRange } from '../../storage/keyspace.ts';

export function databaseSuite(test: TestFn, open: (t: ExecutionContext) => Promise<Database>): void {
  const put = (key: string, value: string): Operation => ({
    type: 'put',
    key: Buffer.from(key),
    value: Buffer.from(value),
  });
  const del = (key: string): Operation => ({ type: 'del', key: Buffer.from(key) });
  const contents = async (database: Database, range = wholeRange, pageEntries = 2): Promise<string[]> => {
    const entries: string[] = [];
    for await (const page of database.pages(range, pageEntries)) for (const [k, v] of page) entries.push(`${k}=${v}`);
    return entries;
  };

  test('a key never written reads as undefined', async (t) => {
    const database = await open(t);
    t.is(await database.get(Buffer.from('a')), undefined);
    t.deepEqual(await contents(database), []);
  });

  test('a batch is applied in the order of its operations', async (t) => {
    const database = await open(t);
    await database.batch([put('a', '1'), put('b', '2'), put('a', '3'), del('b'), put('c', '')], { sync: false });
    t.deepEqual(await contents(database), ['a=3', 'c=']);
    t.deepEqual(await database.get(Buffer.from('c')), Buffer.alloc(0));
  });

  test('of two batches one after the other the later one counts', async (t) => {
    const database = await open(t);
    for (const value of ['1', '2', '3']) await database.batch([put('k', value)], { sync: value === '2' });
    t.deepEqual(await contents(database), ['k=3']);
  });

  test('many batches on their way at once are all applied', async (t) => {
    const database = await open(t);
    await Promise.all(Array.from({ length: 50 }, (_, i) => database.batch([put(`k${i}`, 'x')], { sync: false })));
    t.is((await contents(database)).length, 50);
  });

  test('a synced batch and a sync resolve', async (t) => {
    const database = await open(t);
    await database.batch([put('a', '1')], { sync: true });
    await database.batch([put('b', '2')], { sync: false });
    await database.sync();
    t.deepEqual(await contents(database), ['a=1', 'b=2']);
  });

  test('keys and values are bytes, not text', async (t) => {
    const database = await open(t);
    const key = Buffer.from([3, 0xff, 0x00, 0x80]);
    const value = Buffer.from([0x00, 0xff, 0xfe]);
    await database.batch([{ type: 'put', key, value }], { sync: false });
    t.deepEqual(await database.get(key), value);
  });

  test('pages come in byte order, each no larger than asked, within the range', async (t) => {
    const database = await open(t);
    const keys = ['\u0002z', '\u0003a', '\u0003b', '\u0003ba', '\u0003bé', '\u0003c', '\u0004a'];
    await database.batch(
      keys.toReversed().map((key) => put(key, 'x')),
      { sync: false },
    );
    for await (const page of database.pages(wholeRange, 3)) t.true(page.length <= 3);
    t.deepEqual(
      await contents(database, keyRange('object')),
      ['a', 'b', 'ba', 'bé', 'c'].map((key) => `\u0003${key}=x`),
    );
    t.deepEqual(
      await contents(database, keyRange('object', 'b')),
      ['b', 'ba', 'bé'].map((key) => `\u0003${key}=x`),
    );
  });

  test('pages show the state at their beginning', async (t) => {
    const database = await open(t);
    await database.batch([put('a', '1'), put('b', '1'), put('c', '1')], { sync: false });
    const seen: string[] = [];
    for await (const page of database.pages(wholeRange, 1)) {
      await database.batch([put('c', '2'), put('d', '2')], { sync: false });
      for (const [k, v] of page) seen.push(`${k}=${v}`);
    }
    t.deepEqual(seen, ['a=1', 'b=1', 'c=1']);
  });

  test('leaving the pages early lets the database close', async (t) => {
    const database = await open(t);
    await database.batch([put('a', '1'), put('b', '1')], { sync: false });
    for await (const page of database.pages(wholeRange, 1)) {
      t.is(page.length, 1);
      break;
    }
    await database.close();
    await database.close();
    t.pass();
  });

  test('the approximate size of a range is a number of bytes', async (t) => {
    const database = await open(t);
    t.is(await database.approximateSize(wholeRange), 0);
  });

  test('a closed database refuses reads and writes', async (t) => {
    const database = await open(t);
    await database.close();
    await t.throwsAsync(database.get(Buffer.from('a')));
    await t.throwsAsync(database.batch([put('a', '1')], { sync: false }));
  });
}
