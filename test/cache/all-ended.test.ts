import test from 'ava';
import { allEnded } from '../../src/cache/all-ended.ts';

test('a failure is heard of once nothing goes on any more', async (t) => {
  const slow = Promise.withResolvers<void>();
  let isOver = false;
  const all = allEnded([
    undefined,
    Promise.reject(new Error('first')),
    slow.promise,
    Promise.reject(new Error('second')),
  ]);
  const told = t.throwsAsync(all, { message: 'first' }).then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.false(isOver);
  slow.resolve();
  await told;
  await t.notThrowsAsync(allEnded([undefined, Promise.resolve()]));
});
