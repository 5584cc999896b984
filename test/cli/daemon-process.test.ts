import test from 'ava';
import { keepMemorySmall } from '../../src/cli/daemon-process.ts';

test('a small buffer that is kept does not keep much more than itself', (t) => {
  keepMemorySmall();
  for (let n = 0; n < 100; n += 1) Buffer.from('x'.repeat(1000)); // until the pool of before is used up
  const bytes = Buffer.alloc(5000);
  const kept = [Buffer.from('a ticket'), Buffer.from(bytes), Buffer.concat([bytes, bytes])];
  t.deepEqual(
    kept.map(({ buffer, length }) => buffer.byteLength <= Math.max(8192, length)),
    [true, true, true],
  );
});
