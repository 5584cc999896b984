import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { Operation } from '../../storage/database.ts';
import { encodeFrame, parseReserve, Reserve, reserveBytes } from '../../storage/reserve.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const bytes = (minLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength: 40 }).map((array) => Buffer.from(array));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: bytes(1), value: bytes(0) }),
  fc.record({ type: fc.constant('del' as const), key: bytes(1) }),
);
const frames = fc.array(fc.array(operation, { maxLength: 5 }), { minLength: 1, maxLength: 6 });

function write(session: number, contents: readonly (readonly Operation[])[]): Buffer {
  return Buffer.concat(contents.map((operations, number) => encodeFrame(session, number, operations)));
}

test('the frames of a session are read back in order', (t) => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), frames, bytes(0), (session, contents, rest) => {
      const written = write(session, contents);
      t.deepEqual(parseReserve(Buffer.concat([written, rest])), {
        session,
        operations: contents.flat(),
        frames: contents.length,
        endOffset: written.length,
      });
    }),
  );
});

test('what an older session left behind a newer one is not read, even if it fits', (t) => {
  fc.assert(
    fc.property(frames, frames, (older, newer) => {
      const file = write(7, older);
      const over = write(8, newer);
      const content = Buffer.concat([over, file.subarray(Math.min(over.length, file.length))]);
      const read = parseReserve(content);
      t.deepEqual([read.session, read.operations], [8, newer.flat()]);
    }),
  );
});

test('a torn frame ends the session before it', (t) => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.nat(7), (contents, at, bit) => {
      const file = write(1, contents);
      file[at % file.length]! ^= 1 << bit;
      const { frames: intact, operations } = parseReserve(file);
      t.true(intact < contents.length);
      t.deepEqual(operations, contents.slice(0, intact).flat());
    }),
  );
});

test('a reserve takes real blocks, gives them back when asked, and keeps what waits in it', async (t) => {
  const path = join(temporaryDirectory(t), 'reserve');
  const reserve = await Reserve.open(path);
  reserve.begin(0);
  await reserve.fill();
  t.is(statSync(path).size, reserveBytes);
  t.true(statSync(path).blocks * 512 >= reserveBytes);
  const put: Operation = { type: 'put', key: Buffer.from('k'), value: Buffer.from('v') };
  await reserve.append([put]);
  t.is(statSync(path).size, reserveBytes, 'written in place');
  await reserve.shrink();
  t.true(statSync(path).size < 100);
  await reserve.close();
  const again = await Reserve.open(path);
  again.begin(0);
  t.deepEqual(again.pending, [put]);
  await again.fill();
  t.is(statSync(path).size, reserveBytes);
  await again.close();
  const applied = await Reserve.open(path);
  applied.begin(1);
  t.deepEqual(applied.pending, [], 'the head says that session 1 is in the database');
  t.is(applied.session, 2);
  await applied.close();
});

test('a reserve of nonsense is an empty one', async (t) => {
  const path = join(temporaryDirectory(t), 'reserve');
  writeFileSync(path, Buffer.alloc(5000, 0x11));
  const reserve = await Reserve.open(path);
  reserve.begin(4);
  t.deepEqual([reserve.pending, reserve.session], [[], 5]);
  await reserve.close();
});
