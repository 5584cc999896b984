import { getEventListeners } from 'node:events';
import test from 'ava';
import { Waiters } from '../../src/cache/waiters.ts';

test('who waits goes on with the next change, and nobody who has left is kept', async (t) => {
  const waiters = new Waiters();
  const [stays, leaves] = [new AbortController(), new AbortController()];
  const gone = new Error('gone');
  const waits = Array.from({ length: 100 }, () => waiters.wait(leaves.signal));
  const woken = waiters.wait(stays.signal);
  t.is(waiters.size, 101);
  leaves.abort(gone);
  for (const { status } of await Promise.allSettled(waits)) t.is(status, 'rejected');
  t.is(waiters.size, 1);
  waiters.wake();
  await woken;
  t.is(waiters.size, 0);
  t.deepEqual(getEventListeners(stays.signal, 'abort'), []);
  await t.throwsAsync(waiters.wait(leaves.signal), { is: gone });
});

test('who waits again when woken waits for the change after that', async (t) => {
  const waiters = new Waiters();
  const { signal } = new AbortController();
  const again = waiters.wait(signal).then(() => waiters.wait(signal));
  waiters.wake();
  await new Promise((resolve) => setImmediate(resolve));
  t.is(waiters.size, 1);
  waiters.wake();
  await again;
});
