import test from 'ava';
import fc from 'fast-check';
import { gather } from '../../../src/cache/watch/gather.ts';
import { ManualTiming } from '../../support/manual-timing.ts';

/** A stream that the test feeds; like a socket, it ends when it is cancelled. */
class Feed {
  isCancelled = false;
  readonly #pieces: (readonly number[] | Error | 'end')[] = [];
  #wake = (): void => {};

  push(...pieces: (readonly number[] | Error | 'end')[]): void {
    this.#pieces.push(...pieces);
    this.#wake();
  }

  cancel(): void {
    this.isCancelled = true;
    this.push('end');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly number[]> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece === 'end') return;
      if (piece instanceof Error) throw piece;
      if (piece !== undefined) yield piece;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

function stage(enough = 100) {
  const feed = new Feed();
  const timing = new ManualTiming();
  return { feed, timing, gathered: gather(feed, { everyMs: 25, enough, timing }) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what comes after a quiet time is handed over at once', async (t) => {
  const { feed, timing, gathered } = stage();
  feed.push([1]);
  t.deepEqual((await gathered.next()).value, [1]);
  timing.advance(25);
  feed.push([2]);
  t.deepEqual((await gathered.next()).value, [2]);
  t.is(timing.sleepers, 0);
});

test('what comes in close together is handed over together, 25 ms after the last', async (t) => {
  const { feed, timing, gathered } = stage();
  feed.push([1]);
  await gathered.next();
  const next = gathered.next();
  timing.advance(10);
  feed.push([2, 3]);
  await timing.asleep();
  feed.push([4]);
  await turn();
  t.is(await timing.wake(), 15);
  t.deepEqual((await next).value, [2, 3, 4]);
});

test('a burst is not held back', async (t) => {
  const { feed, timing, gathered } = stage(3);
  feed.push([1]);
  await gathered.next();
  const next = gathered.next();
  feed.push([2], [3], [4]);
  t.deepEqual((await next).value, [2, 3, 4]);
  t.is(timing.now(), 1_000_000, 'no time has passed');
});

test('what came before a failure is handed over before it is thrown', async (t) => {
  const { feed, gathered } = stage();
  feed.push([1]);
  await gathered.next();
  feed.push([2], new Error('reset'));
  t.deepEqual((await gathered.next()).value, [2]);
  await t.throwsAsync(() => gathered.next(), { message: 'reset' });
  t.true(feed.isCancelled);
});

test('who leaves early cancels the source, though it is silent', async (t) => {
  const { feed, gathered } = stage();
  feed.push([1]);
  await gathered.next();
  await gathered.return(undefined);
  t.true(feed.isCancelled);
});

test('nothing is lost, doubled or reordered, however it comes', async (t) => {
  const pieces = fc.array(
    fc.record({ size: fc.integer({ min: 0, max: 4 }), pauseMs: fc.integer({ min: 0, max: 40 }) }),
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (plan) => {
      const { feed, timing, gathered } = stage(6);
      const seen: number[] = [];
      const reading = (async () => {
        for await (const items of gathered) seen.push(...items);
      })();
      let count = 0;
      for (const { size, pauseMs } of plan) {
        feed.push(Array.from({ length: size }, () => count++));
        await turn();
        timing.advance(pauseMs);
        while (timing.sleepers > 0 && pauseMs > 20) await timing.wake();
      }
      feed.push('end');
      await reading;
      t.deepEqual(seen, [...Array(count).keys()]);
    }),
    { numRuns: 50 },
  );
});
