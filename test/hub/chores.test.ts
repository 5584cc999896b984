import test from 'ava';
import { Chores } from '../../src/hub/chores.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { settled } from '../support/scripted-transport.ts';

function setUp() {
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: ({ error }: { error?: unknown }) => failures.push(error) };
  return { clock, failures, chores: new Chores(clock, log) };
}

test('a chore that takes long is not begun again before it has ended', async (t) => {
  const { clock, chores } = setUp();
  const begun: PromiseWithResolvers<void>[] = [];
  chores.every(1000, () => {
    begun.push(Promise.withResolvers());
    return begun.at(-1)!.promise;
  });
  clock.advance(999);
  t.is(begun.length, 0);
  clock.advance(10_000);
  t.is(begun.length, 1);
  begun[0]!.resolve();
  await settled();
  clock.advance(1000);
  t.is(begun.length, 2);
});

test('one that fails is told, and done again', async (t) => {
  const { clock, chores, failures } = setUp();
  const error = new Error('no luck');
  chores.every(1000, () => Promise.reject(error));
  for (let n = 0; n < 3; n += 1) {
    clock.advance(1000);
    await settled();
  }
  chores.soon(() => Promise.reject(error));
  await settled();
  t.deepEqual(failures, [error, error, error, error]);
});

test('once ended it is not done any more, and the one under way is waited for', async (t) => {
  const { clock, chores } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = chores.every(1000, () => promise);
  clock.advance(1000);
  let isOver = false;
  const ended = end().then(() => {
    isOver = true;
  });
  await settled();
  t.false(isOver);
  resolve();
  await ended;
  t.is(clock.pendingTimers, 0);
});
