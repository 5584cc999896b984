// What a refusal means for a scope: of whom, by whom, and of what.
import test from 'ava';
import { type Credential, nodeCredential } from '../../src/cache/credential.ts';
import { NoCredentialError, UpstreamStatusError } from '../../src/cache/errors.ts';
import { podCredential, Stage } from '../support/followed-scope-stage.ts';
import { podText } from '../support/sample-objects.ts';
import { settled } from '../support/scripted-transport.ts';

const a = podText({ name: 'a', version: 5 });

/** A scope whose first request, with the credential of a pod, is refused after another was lent. */
async function refusedAfterLending(identity: string, credential: Credential, statusCode: number): Promise<Stage> {
  const stage = new Stage();
  stage.followed.lend('sa:pod', podCredential);
  stage.running = stage.followed.start();
  const first = await stage.transport.next();
  stage.followed.lend(identity, credential);
  first.status(statusCode);
  await stage.timing.wake();
  return stage;
}

test('a refused watch takes the credential too, and what is known stays', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).list(10, [a]);
  (await stage.transport.next()).status(403);
  await stage.timing.wake();
  t.deepEqual(stage.refused, ['node']);
  t.deepEqual(stage.names, ['a']);
  await stage.timing.asleep();
  t.true(stage.failures.at(-1) instanceof NoCredentialError);
});

test('a pinned scope is tried again with the node’s own credential, however often it was refused', async (t) => {
  const stage = new Stage();
  stage.followed.pin();
  stage.running = stage.followed.start();
  (await stage.transport.next()).status(403);
  await stage.timing.wake();
  t.deepEqual(stage.refused, ['node'], 'what it may read is another matter');
  const again = await stage.transport.next();
  t.is(again.request.credential, nodeCredential);
  again.status(401);
  await stage.timing.wake();
  (await stage.transport.next()).list(10);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
  t.false(stage.followed.isAbandoned(stage.timing.now() + 3_600_000));
});

test('without any credential nothing is asked, and after minutes the scope is abandoned', async (t) => {
  const stage = new Stage();
  stage.running = stage.followed.start();
  await stage.timing.asleep();
  t.true(stage.failures[0] instanceof NoCredentialError);
  t.deepEqual(stage.transport.titles, []);
  t.false(stage.followed.isAbandoned(stage.timing.now() + 299_000));
  t.true(stage.followed.isAbandoned(stage.timing.now() + 301_000));
  stage.followed.lend('node', nodeCredential);
  t.false(stage.followed.isAbandoned(stage.timing.now() + 301_000));
  t.is((await stage.transport.next()).title, 'LIST /api/v1/pods', 'at once, without waiting for the pause to end');
});

test('a credential that was lent anew is not dropped for the refusal of the old one', async (t) => {
  const renewed = { kind: 'bearer', token: 'renewed' } as const;
  const stage = await refusedAfterLending('sa:pod', renewed, 401);
  t.deepEqual(stage.refused, []);
  t.is((await stage.transport.next()).request.credential, renewed);
});

test('a credential that came meanwhile is not dropped for the refusal of another', async (t) => {
  const stage = await refusedAfterLending('node', nodeCredential, 403);
  t.deepEqual(stage.refused, ['sa:pod']);
  t.deepEqual(stage.followed.lenders, ['node']);
});

test('404 for two minutes closes the scope: the cloud does not serve this resource any more', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).list(10);
  const refusedAt = stage.timing.now();
  while (!stage.isVanished) {
    (await stage.transport.next()).status(404);
    await settled();
    if (!stage.isVanished) await stage.timing.wake();
  }
  t.true(stage.timing.now() - refusedAt > 120_000);
});

test('a 404 or 403 that the apiserver did not write ends nothing', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).list(10, [a]);
  for (let round = 0; round < 12; round++) {
    const code = round % 2 === 0 ? 404 : 403;
    (await stage.transport.next()).answer(code, '<html>default backend</html>', { 'content-type': 'text/html' });
    await stage.timing.wake();
  }
  t.false(stage.isVanished);
  t.deepEqual(stage.refused, []);
  t.deepEqual(stage.names, ['a']);
});

test('a 404 or 403 of the cluster check says nothing about the scope', async (t) => {
  for (const statusCode of [404, 403]) {
    const stage = new Stage();
    stage.cluster.refusal = new UpstreamStatusError({ statusCode, headers: {}, body: Buffer.from('') });
    stage.start();
    await stage.timing.asleep();
    t.false(stage.isVanished);
    t.deepEqual(stage.refused, []);
  }
});
