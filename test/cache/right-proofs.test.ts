import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { RightProofs } from '../../src/cache/right-proofs.ts';
import { ManualTiming } from '../support/manual-timing.ts';
import { podScope } from '../support/sample-objects.ts';
import { ScriptedTransport, settled } from '../support/scripted-transport.ts';

const minute = 60_000;
const scope = podScope({ namespace: 'a', labels: 'app=x' });
const reader = { identity: 'sa:a:x', credential: nodeCredential };

function stageOf() {
  const transport = new ScriptedTransport();
  const timing = new ManualTiming();
  const log: string[] = [];
  const proofs = new RightProofs({
    transport,
    timing,
    afterMs: 10 * minute,
    onAllowed: (identity) => log.push(`allowed ${identity}`),
    onRefused: (identity) => log.push(`refused ${identity}`),
  });
  const use = (ageMs: number) => proofs.used(reader, { scope, ageMs, resourceVersion: '7' });
  return { transport, timing, log, proofs, use };
}

test('a right is proven by a watch of its scope for a second, from a version that is known, when it is old enough', async (t) => {
  const { transport, timing, log, use } = stageOf();
  use(9 * minute);
  t.deepEqual(transport.titles, []);
  timing.advance(minute);
  use(10 * minute);
  const asked = await transport.next();
  t.is(asked.title, 'WATCH /api/v1/namespaces/a/pods from 7');
  t.is(asked.url.searchParams.get('timeoutSeconds'), '1');
  t.is(asked.url.searchParams.get('labelSelector'), 'app=x');
  asked.stream().end();
  await settled();
  t.deepEqual(log, ['allowed sa:a:x']);
});

test('when exactly it is proven differs by up to a quarter, so that not everybody asks at once', (t) => {
  for (const [luck, soonest] of [
    [0, 7.5],
    [0.999, 12.5],
  ] as const) {
    const { transport, timing, use } = stageOf();
    timing.luck = luck;
    use(soonest * minute - 1000);
    t.deepEqual(transport.titles, []);
    timing.advance(1000);
    use(soonest * minute);
    t.is(transport.titles.length, 1);
  }
});

test('one proof is on its way at a time, however many read', (t) => {
  const { transport, use } = stageOf();
  for (let index = 0; index < 5; index++) use(20 * minute);
  t.is(transport.titles.length, 1);
});

test('whoever is told that the version is too old was let in', async (t) => {
  const { transport, log, use } = stageOf();
  use(20 * minute);
  (await transport.next()).status(410, 'Expired');
  await settled();
  t.deepEqual(log, ['allowed sa:a:x']);
});

test('a right ends when the apiserver refuses both to watch and to list, not before', async (t) => {
  const { transport, log, use } = stageOf();
  use(20 * minute);
  (await transport.next()).status(403, 'Forbidden');
  const second = await transport.next();
  t.is(second.title, 'LIST /api/v1/namespaces/a/pods');
  t.is(second.url.searchParams.get('limit'), '1');
  t.deepEqual(log, []);
  second.status(403, 'Forbidden');
  await settled();
  t.deepEqual(log, ['refused sa:a:x']);
});

test('who may list but not watch keeps the right', async (t) => {
  const { transport, log, use } = stageOf();
  use(20 * minute);
  (await transport.next()).status(403, 'Forbidden');
  (await transport.next()).list(9);
  await settled();
  t.deepEqual(log, ['allowed sa:a:x']);
});

test('what is no answer of an apiserver about this right changes nothing, and is asked again after a minute', async (t) => {
  const { transport, timing, log, use } = stageOf();
  const noAnswers = [
    (request: Awaited<ReturnType<typeof transport.next>>) => request.fail(new Error('reset')),
    (request: Awaited<ReturnType<typeof transport.next>>) => request.status(401, 'Unauthorized'),
    (request: Awaited<ReturnType<typeof transport.next>>) => request.status(429, 'TooManyRequests'),
    (request: Awaited<ReturnType<typeof transport.next>>) =>
      request.answer(403, '<html>', { 'content-type': 'text/html' }),
  ];
  for (const answer of noAnswers) {
    use(20 * minute);
    answer(await transport.next());
    await settled();
    use(20 * minute);
    t.deepEqual(transport.unseen, []);
    timing.advance(minute);
  }
  t.deepEqual(log, []);
});

test('after the end nobody asks, and what was on its way ends', async (t) => {
  const { transport, timing, log, proofs, use } = stageOf();
  use(20 * minute);
  const asked = await transport.next();
  proofs.stop();
  await settled();
  t.true(asked.isSettled);
  timing.advance(10 * minute);
  use(20 * minute);
  t.deepEqual(transport.unseen, []);
  t.deepEqual(log, []);
});
