import test from 'ava';
import fc from 'fast-check';
import { UpstreamStatusError } from '../../src/cache/errors.ts';
import { retryPauseMs } from '../../src/cache/retry-pause.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failures = fc.integer({ min: 1, max: 10_000 });
const busy = (retryAfter: string) =>
  new UpstreamStatusError({ statusCode: 429, headers: { 'retry-after': retryAfter }, body: Buffer.alloc(0) });

test('a pause is never none and never above half a minute, and grows with each failure in a row', (t) => {
  fc.assert(
    fc.property(failures, random, (count, luck) => {
      const pause = retryPauseMs(new Error('reset'), count, luck);
      t.true(200 <= pause && pause <= 30_000);
      t.true(pause <= retryPauseMs(new Error('reset'), count + 1, luck));
    }),
  );
});

test('what the cloud asks for is waited at least, up to a minute; what is no number says nothing', (t) => {
  fc.assert(
    fc.property(fc.nat(1000), failures, random, (seconds, count, luck) => {
      const plain = retryPauseMs(new Error('reset'), count, luck);
      t.is(retryPauseMs(busy(String(seconds)), count, luck), Math.max(plain, Math.min(seconds, 60) * 1000));
      t.is(retryPauseMs(busy('Wed, 21 Oct 2026 07:28:00 GMT'), count, luck), plain);
    }),
  );
});
