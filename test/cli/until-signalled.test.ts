import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';

function start(t: ExecutionContext, ...words: string[]) {
  const script = new URL('../support/ending-daemon.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, ...words]);
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => (await lines.next()).value as string | undefined;
  return { child, nextLine, ended: once(child, 'close').then(([code]) => code as number | null) };
}

test('a daemon that is told to end finishes and exits 0', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, nextLine, ended } = start(t, 'ending');
    t.is(await nextLine(), 'running');
    child.kill(signal);
    t.is(await nextLine(), 'ending');
    t.is(await ended, 0);
  }
});

test('the same keypress arriving twice is one request to end', async (t) => {
  const { child, nextLine, ended } = start(t, 'ending');
  await nextLine();
  child.kill('SIGINT');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  t.is(await nextLine(), 'ending');
  t.is(await ended, 0);
});

test('a second request to end makes a hanging daemon exit at once', async (t) => {
  const { child, nextLine, ended } = start(t, 'hanging', 'moving');
  await nextLine();
  child.kill('SIGTERM');
  t.is(await nextLine(), 'ending');
  child.kill('SIGTERM');
  t.is(await nextLine(), 'holdfast: SIGTERM once more; exiting at once');
  t.is(await ended, 1);
});

test('a daemon that hangs while ending is gone within five seconds, and says so', async (t) => {
  const { child, nextLine, ended } = start(t, 'hanging');
  await nextLine();
  const startedAt = performance.now();
  child.kill('SIGTERM');
  t.is(await nextLine(), 'ending');
  t.regex((await nextLine()) ?? '', /did not end within 4800 ms/);
  t.is(await ended, 1);
  t.true(performance.now() - startedAt < 5_500);
});

test('a daemon that cannot start, or cannot end well, says why and exits 1', async (t) => {
  const failing = start(t, 'failing');
  t.is(await failing.nextLine(), 'holdfast: cannot start');
  t.is(await failing.ended, 1);
  const breaking = start(t, 'breaking');
  await breaking.nextLine();
  breaking.child.kill('SIGTERM');
  await breaking.nextLine();
  t.is(await breaking.nextLine(), 'holdfast: could not flush');
  t.is(await breaking.ended, 1);
});
