// How often the cloud is asked for a scope when it does not answer well, or is away.
import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { podCredential, Stage } from '../support/followed-scope-stage.ts';
import { podText } from '../support/sample-objects.ts';
import { settled } from '../support/scripted-transport.ts';

const a = podText({ name: 'a', version: 5 });
const gone = { type: 'ERROR' as const, text: JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired' }) };

test('a failing relist is tried again until it is whole', async (t) => {
  const stage = new Stage();
  (await stage.following(10, [a])).event(gone);
  await stage.timing.wake();
  (await stage.transport.next()).status(500);
  await stage.timing.wake();
  const list = await stage.transport.next();
  t.is(list.title, 'LIST /api/v1/pods');
  list.list(30);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 30');
});

test('repeated failures are paced: longer each time, never above 30 seconds, and with some luck in it', async (t) => {
  const stage = new Stage().start();
  const sleeps: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    (await stage.transport.next()).fail(new Error('unreachable'));
    sleeps.push(await stage.timing.wake());
  }
  t.deepEqual(sleeps.slice(0, 4), [300, 600, 1200, 2400]);
  t.true(sleeps.every((ms) => ms <= 30_000));
  t.true(sleeps.at(-1)! >= 15_000);
  stage.timing.luck = 0;
  (await stage.transport.next()).fail(new Error('unreachable'));
  t.is(await stage.timing.wake(), 15_000);
});

test('after something was heard the pace begins anew', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10);
  stream.fail(new Error('cut'));
  await stage.timing.wake();
  (await stage.transport.next()).fail(new Error('cut'));
  await stage.timing.wake();
  const next = (await stage.transport.next()).stream();
  next.bookmark(11);
  await stage.reached(11);
  next.fail(new Error('cut'));
  t.is(await stage.timing.wake(), 300);
});

test('Retry-After of the cloud is kept, up to a minute', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).status(429, 'TooManyRequests', { 'retry-after': '9' });
  t.is(await stage.timing.wake(), 9_000);
  (await stage.transport.next()).status(429, 'TooManyRequests', { 'retry-after': '9000' });
  t.is(await stage.timing.wake(), 60_000);
  (await stage.transport.next()).status(429, 'TooManyRequests', { 'retry-after': 'tomorrow' });
  t.true((await stage.timing.wake()) < 30_000);
});

test('a watch that ends at once without an event is a failure, not a tight loop', async (t) => {
  const stage = new Stage();
  (await stage.following(10)).end();
  t.is(await stage.timing.wake(), 300);
  t.is(stage.failures.length, 1);
});

test('offline nothing is asked; what was begun goes on when the link is back', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.link.set(false);
  stream.fail(new Error('cut'));
  await stage.timing.wake();
  await settled();
  t.deepEqual(stage.transport.unseen, []);
  t.deepEqual(stage.names, ['a']);
  stage.link.set(true);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
});

for (const code of [401, 403]) {
  test(`${code} takes the credential from its lender, and the next one's is used`, async (t) => {
    const stage = new Stage();
    stage.followed.lend('sa:pod', podCredential);
    stage.start();
    const first = await stage.transport.next();
    t.is(first.request.credential, nodeCredential, "the node's own first");
    first.status(code);
    await stage.timing.wake();
    t.deepEqual(stage.refused, code === 403 ? ['node'] : [], '401 is about the credential, only 403 about the right');
    t.deepEqual(stage.followed.lenders, ['sa:pod']);
    t.is((await stage.transport.next()).request.credential, podCredential);
  });
}
