import test from 'ava';
import fc from 'fast-check';
import { afterAnswer, afterRefusal, leastPerSecond, type Rate, startRate } from '../../../src/cache/outbox/rate.ts';

type Heard =
  | { readonly kind: 'answer'; readonly tookMs: number; readonly gapMs: number }
  | {
      readonly kind: 'refusal';
      readonly retryAfterMs: number | undefined;
      readonly luck: number;
      readonly gapMs: number;
    };

const gapMs = fc.integer({ min: 0, max: 20_000 });
const answers: fc.Arbitrary<Heard> = fc.record({
  kind: fc.constant('answer' as const),
  tookMs: fc.integer({ min: 0, max: 30_000 }),
  gapMs,
});
const refusals: fc.Arbitrary<Heard> = fc.record({
  kind: fc.constant('refusal' as const),
  retryAfterMs: fc.option(fc.integer({ min: 1, max: 600_000 }), { nil: undefined }),
  luck: fc.double({ min: 0, max: 0.999, noNaN: true }),
  gapMs,
});
const allowed = fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0.01, max: 5, noNaN: true }));

function hear(rate: Rate, heard: Heard, now: number): Rate {
  if (heard.kind === 'answer') return afterAnswer(rate, heard.tookMs, now);
  return afterRefusal(rate, heard.retryAfterMs, now, heard.luck);
}

/** Every rate on the way. */
function lived(
  most: number,
  story: readonly Heard[],
  how?: 'slowly',
): { rate: Rate; next: Rate; heard: Heard; now: number }[] {
  let rate = startRate(most, how);
  let now = 1000;
  return story.map((heard) => {
    now += heard.gapMs;
    const before = rate;
    rate = hear(rate, heard, now);
    return { rate: before, next: rate, heard, now };
  });
}

test('a rate stays between the least and what the node is allowed, whatever the cloud says', (t) => {
  const story = fc.array(fc.oneof(answers, refusals), { maxLength: 100 });
  fc.assert(
    fc.property(allowed, story, fc.constantFrom(undefined, 'slowly' as const), (most, heard, how) => {
      for (const { next } of lived(most, heard, how)) {
        if (!(next.perSecond <= most && next.perSecond >= Math.min(most, leastPerSecond))) return false;
      }
      return true;
    }),
  );
  t.pass();
});

test('nothing but a quick answer makes it go up', (t) => {
  const story = fc.array(fc.oneof(answers, refusals), { maxLength: 100 });
  fc.assert(
    fc.property(allowed, story, (most, heard) =>
      lived(most, heard).every(
        ({ rate, next, heard: last }) =>
          next.perSecond <= rate.perSecond ||
          (last.kind === 'answer' && last.tookMs <= 2 * (rate.usualMs ?? last.tookMs) + 500),
      ),
    ),
  );
  t.pass();
});

test('a wish for a pause is kept to, and those that were sent away together do not come again together', (t) => {
  fc.assert(
    fc.property(allowed, fc.array(refusals, { minLength: 1, maxLength: 30 }), (most, story) =>
      lived(most, story).every(
        ({ next, heard, now }) =>
          heard.kind === 'refusal' &&
          (heard.retryAfterMs === undefined || next.pausedUntil >= now + Math.min(60_000, heard.retryAfterMs)) &&
          next.pausedUntil <= now + 20_000 + 120_000,
      ),
    ),
  );
  const [early, late] = [0, 0.99].map((luck) => afterRefusal(startRate(50), 1000, 0, luck).pausedUntil);
  t.deepEqual([early, late], [1000, 1990]);
});

test('a node alone with a cloud that has time reaches what it is allowed within half a minute', (t) => {
  for (const most of [5, 50, 1000]) {
    let rate = startRate(most);
    let now = 0;
    while (rate.perSecond < most) {
      now += 1000 / rate.perSecond;
      rate = afterAnswer(rate, 100, now);
    }
    t.true(now < 31_000, `${most}/s after ${now} ms`);
  }
});

test('one wave of refusals halves it once, each further second once more', (t) => {
  let rate = startRate(50);
  for (let index = 0; index < 8; index++) rate = afterRefusal(rate, undefined, 1000 + index * 10, 0.5);
  t.is(rate.perSecond, 2.5);
  rate = afterRefusal(rate, undefined, 2000, 0.5);
  t.is(rate.perSecond, 1.25);
});

test('an answer that is slow for this cloud lowers it; a long way to the cloud does not', (t) => {
  let near = startRate(50);
  for (let now = 0; now < 2000; now += 200) near = afterAnswer(near, 20, now);
  t.true(afterAnswer(near, 700, 3000).perSecond < near.perSecond);
  let far = startRate(50);
  for (let now = 0; now < 2000; now += 200) far = afterAnswer(far, 700 + (now % 400), now);
  t.true(far.perSecond > startRate(50).perSecond);
});

test('without a bound only pauses are kept', (t) => {
  const rate = afterRefusal(startRate(Number.POSITIVE_INFINITY, 'slowly'), 1000, 0, 0);
  t.is(rate.perSecond, Number.POSITIVE_INFINITY);
  t.is(rate.pausedUntil, 1000);
  t.is(afterAnswer(rate, 10, 5000).perSecond, Number.POSITIVE_INFINITY);
});
