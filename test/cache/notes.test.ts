import test from 'ava';
import { Notes } from '../../src/cache/notes.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const readOnly = new Error('the disk takes no writes');

function stageOf() {
  const records = new MemoryRecords();
  const lost: unknown[] = [];
  return { records, lost, notes: new Notes(records, (error) => lost.push(error)) };
}

test('a note is on disk once it is idle, and gone once it was deleted', async (t) => {
  const { records, notes } = stageOf();
  records.hold();
  notes.put('right', 'a', Buffer.from('1'));
  t.deepEqual(records.keys('right'), []);
  records.release();
  await notes.idle();
  t.deepEqual([...(await notes.load('right'))], [['a', Buffer.from('1')]]);
  notes.delete('right', ['a']);
  await notes.idle();
  t.deepEqual(records.keys('right'), []);
});

test('a note that the disk does not take is lost, and that is said', async (t) => {
  const { records, notes, lost } = stageOf();
  records.failure = readOnly;
  notes.put('right', 'a', Buffer.from('1'));
  notes.delete('right', ['b']);
  await notes.idle();
  t.deepEqual(lost, [readOnly, readOnly]);
  t.deepEqual(records.keys('right'), []);
});

test('what is revoked is gone even when the disk takes no ordinary writes', async (t) => {
  const { records, notes, lost } = stageOf();
  notes.put('right', 'a', Buffer.from('1'));
  await notes.idle();
  records.failure = readOnly;
  notes.revoke('right', ['a']);
  await notes.idle();
  t.deepEqual(records.keys('right'), []);
  t.deepEqual(lost, []);
});

test('what is replaced is never again what it was: the new note, or none', async (t) => {
  const { records, notes } = stageOf();
  notes.put('observed', '/a', Buffer.from('for two'));
  void notes.replace('observed', '/a', Buffer.from('for one'));
  await notes.idle();
  t.is((await notes.load('observed')).get('/a')?.toString(), 'for one');
  records.failure = readOnly;
  void notes.replace('observed', '/a', Buffer.from('for none'));
  await notes.idle();
  t.deepEqual(records.keys('observed'), []);
});

test('a revocation that cannot be kept at all is said', async (t) => {
  const { records, notes, lost } = stageOf();
  records.failure = readOnly;
  records.urgentFailure = readOnly;
  notes.revoke('right', ['a']);
  await notes.idle();
  t.deepEqual(lost, [readOnly]);
});

test('nothing to write is not written', async (t) => {
  const { records, notes } = stageOf();
  notes.delete('right', []);
  notes.revoke('right', []);
  await notes.idle();
  t.deepEqual(records.batches, []);
});

test('a keyspace in the midst of which something was lost is forgotten whole, a single loss is just missing', async (t) => {
  const { records, notes } = stageOf();
  notes.put('right', 'a', Buffer.from('1'));
  notes.put('document', 'b', Buffer.from('2'));
  await notes.idle();
  records.unsettled = [
    { space: 'right', key: '', reason: 'the log has a gap' },
    { space: 'document', key: 'c', reason: 'its CRC does not match' },
  ] as never;
  t.is((await notes.load('right')).size, 0);
  t.is((await notes.load('document')).size, 1);
  await notes.idle();
  t.deepEqual(records.keys('right'), []);
  t.deepEqual(records.unsettled, [], 'both have been dealt with');
});
