import test from 'ava';
import type { AcceptedToken } from '../../../src/hub/identity/accepted-tokens.ts';
import { TokenRecords } from '../../../src/hub/identity/token-records.ts';
import { MemoryRecords } from '../../support/memory-records.ts';

const hashOf = (letter: string) => letter.repeat(64);
const tokenOf = (letter: string): AcceptedToken => ({ hash: hashOf(letter), identity: 'token:x', acceptedAtMs: 1 });
const lost = (error: unknown): never => {
  throw error;
};

test('one more token costs one record, and each is found again after a restart', async (t) => {
  const records = new MemoryRecords();
  const memory = new TokenRecords(records, lost);
  for (const letter of ['a', 'b', 'c']) memory.keep(tokenOf(letter));
  memory.forget([hashOf('b')]);
  memory.revoke(hashOf('c'));
  await memory.idle();
  t.true(records.batches.every((batch) => batch.length === 1));
  const restarted = new TokenRecords(records.afterCrash(), lost);
  t.deepEqual([...(await restarted.load())], [[hashOf('a'), tokenOf('a')]]);
});

test('a token that the cloud refused does not come back from a disk that was full then', async (t) => {
  const records = new MemoryRecords();
  const memory = new TokenRecords(records, lost);
  memory.keep(tokenOf('a'));
  await memory.idle();
  records.failure = new Error('no space');
  memory.revoke(hashOf('a'));
  await memory.idle();
  t.is((await new TokenRecords(records.afterCrash(), lost).load()).size, 0);
});

test('where the disk lost something nobody knows what, no token is believed', async (t) => {
  const records = new MemoryRecords();
  const memory = new TokenRecords(records, lost);
  memory.keep(tokenOf('a'));
  await memory.idle();
  const damaged = records.afterCrash();
  damaged.unsettled = [{ space: 'meta', key: '', reason: 'cut' }];
  t.is((await new TokenRecords(damaged, lost).load()).size, 0);
});
