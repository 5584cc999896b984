import test from 'ava';
import fc from 'fast-check';
import { CloudTime } from '../../../src/cache/cloud-time.ts';
import { Notes } from '../../../src/cache/notes.ts';
import type { CloudAnswer, CloudRequest } from '../../../src/cache/outbox/cloud.ts';
import { type AskedToken, tokenRequestOf } from '../../../src/cache/tokens/asked-token.ts';
import { tokenOf } from '../../../src/cache/tokens/held-token.ts';
import { HeldTokens } from '../../../src/cache/tokens/held-tokens.ts';
import { renewalDueMs, renewalVerdict } from '../../../src/cache/tokens/refresh-plan.ts';
import { TokenRenewal } from '../../../src/cache/tokens/token-renewal.ts';
import { askedToken, issuedAnswer } from '../../support/issued-token.ts';
import { ManualLink, ManualTiming } from '../../support/manual-timing.ts';
import { MemoryRecords } from '../../support/memory-records.ts';
import { settled } from '../../support/scripted-transport.ts';

const hourMs = 3_600_000;
const apiservers = { 'audit-id': 'a', 'content-type': 'application/json' };

test('a token is due by a third of its life and within a day, but not within a minute', (t) => {
  const luck = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 600, max: 366 * 24 * 3600 }), luck, (lifeSeconds, drawn) => {
      const after = renewalDueMs({ issuedMs: 0, expiresMs: lifeSeconds * 1000 }, drawn);
      return after <= Math.min((lifeSeconds * 1000) / 3, 24 * hourMs) && after >= 48_000;
    }),
  );
  t.is(renewalDueMs({ issuedMs: 5, expiresMs: 10 }, 0), 60_005, 'a life of moments is not chased');
});

test('only the apiserver’s own refusal ends it, and a refusal of the hub itself, or of the moment, does not', (t) => {
  t.is(renewalVerdict(201, false), 'renewed');
  for (const code of [400, 403, 409, 422]) t.is(renewalVerdict(code, true), 'refused');
  t.is(renewalVerdict(404, true), 'gone');
  for (const code of [301, 401, 408, 429, 500, 503]) t.is(renewalVerdict(code, true), 'failed');
  for (const code of [403, 404]) t.is(renewalVerdict(code, false), 'failed');
});

function setUp() {
  const timing = new ManualTiming();
  const link = new ManualLink();
  const time = new CloudTime(timing);
  const tokens = new HeldTokens({ notes: new Notes(new MemoryRecords(), () => {}), time, now: () => timing.now() });
  const sent: CloudRequest[] = [];
  const renewals: string[] = [];
  const running = new Set(['uid-of-web']);
  const stage = {
    timing,
    link,
    time,
    tokens,
    sent,
    renewals,
    running,
    statusCode: 201,
    /** Undefined: no answer comes. */
    answerTo: (asked: AskedToken): object | undefined =>
      issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds: 365 * 24 * 3600 }),
    hear: () => time.heard(new Date(timing.wallClock()).toUTCString()),
    issue: (asked: AskedToken, lifeSeconds = 365 * 24 * 3600) =>
      tokens.keep(asked, issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds })),
    held: (asked: AskedToken) => tokenOf(tokens.find(asked, () => 'alive').answer ?? {}),
    /** Looks so often, whatever the pace; answers how many requests were made. */
    async look(times = 3): Promise<number> {
      const before = sent.length;
      for (let i = 0; i < times; i += 1) {
        await timing.wake();
        await settled();
      }
      return sent.length - before;
    },
  };
  const renewal = new TokenRenewal({
    tokens,
    link,
    time,
    timing,
    userAgent: 'holdfast/test',
    isRunning: ({ uid }) => running.has(uid),
    onRenewal: (verdict) => renewals.push(verdict),
    cloud: {
      async send(request): Promise<CloudAnswer> {
        sent.push(request);
        const body = stage.answerTo(askedToken());
        if (body === undefined) throw new Error('the connection was lost');
        return { statusCode: stage.statusCode, headers: apiservers, body: Buffer.from(JSON.stringify(body)) };
      },
    },
  });
  const ending = new AbortController();
  const finished = renewal.run(ending.signal);
  const stop = (): Promise<void> => {
    ending.abort();
    return finished;
  };
  return Object.assign(stage, { stop });
}

/** A token that is held, and due to be asked for anew. */
async function setUpDue() {
  const stage = setUp();
  const asked = askedToken();
  await stage.issue(asked);
  stage.hear();
  stage.timing.advance(30 * hourMs);
  return { stage, asked };
}

test('a token is asked for anew once a day, in kubelet’s words, and what comes takes the place of the old one', async (t) => {
  const stage = setUp();
  t.teardown(stage.stop);
  const asked = askedToken({ audiences: ['vault'] });
  await stage.issue(asked);
  const old = stage.held(asked);
  stage.hear();
  t.is(await stage.look(), 0, 'it is new');
  stage.timing.advance(24 * hourMs);
  stage.answerTo = () => issuedAnswer(asked, { issuedMs: stage.timing.wallClock(), lifeSeconds: 365 * 24 * 3600 });
  t.is(await stage.look(10), 1, 'and once only');
  const { path, method, credential, body } = stage.sent[0]!;
  t.deepEqual(
    { path, method, credential },
    {
      path: '/api/v1/namespaces/default/serviceaccounts/web/token',
      method: 'POST',
      credential: { kind: 'node' },
    },
  );
  t.deepEqual(JSON.parse(body!.toString()), tokenRequestOf(asked));
  t.not(stage.held(asked), old);
  t.deepEqual(stage.renewals, ['renewed']);
});

test('nothing is asked for a pod that has ended, with the link down, or by a clock that may be wrong', async (t) => {
  const stage = setUp();
  t.teardown(stage.stop);
  const asked = askedToken();
  await stage.issue(asked);
  stage.timing.advance(30 * hourMs);
  t.is(await stage.look(), 0, 'the cloud has not said what time it is');
  stage.hear();
  stage.running.clear();
  t.is(await stage.look(), 0);
  stage.running.add('uid-of-web');
  stage.link.set(false);
  await stage.look(1);
  t.is(stage.sent.length, 0);
  stage.link.set(true);
  await settled();
  t.is(await stage.look(6), 1);
});

test('a refusal ends it until kubelet asks itself, and takes no token away; “not found” does', async (t) => {
  const { stage, asked } = await setUpDue();
  t.teardown(stage.stop);
  stage.statusCode = 403;
  t.is(await stage.look(10), 1);
  t.truthy(stage.held(asked));
  await stage.issue(asked);
  stage.timing.advance(30 * hourMs);
  stage.statusCode = 404;
  t.is(await stage.look(10), 1);
  t.is(stage.held(asked), undefined);
  t.deepEqual(stage.renewals, ['refused', 'gone']);
});

test('what says nothing about the token is tried again, a minute later at the earliest', async (t) => {
  const { stage } = await setUpDue();
  t.teardown(stage.stop);
  const { answerTo } = stage;
  stage.answerTo = () => undefined;
  t.is(await stage.look(2), 1);
  stage.answerTo = answerTo;
  t.is(await stage.look(8), 1);
  t.deepEqual(stage.renewals, ['failed', 'renewed']);
});

test('an answer that comes when the pod is gone is not held', async (t) => {
  const { stage } = await setUpDue();
  t.teardown(stage.stop);
  const { answerTo } = stage;
  stage.answerTo = (one) => {
    stage.running.clear();
    return answerTo(one);
  };
  await stage.look(3);
  t.is(stage.tokens.size, 0);
});

test('many that are due together go out one after the other, the one that ends first before the others', async (t) => {
  const stage = setUp();
  t.teardown(stage.stop);
  for (let i = 0; i < 20; i += 1) {
    const pod = { namespace: 'default', name: `p${i}`, uid: `u${i}` };
    stage.running.add(pod.uid);
    await stage.issue(askedToken({ pod, serviceAccount: `sa${i}` }), (30 - i) * 24 * 3600);
  }
  stage.hear();
  stage.timing.advance(24 * hourMs);
  await stage.timing.wake();
  await settled();
  t.is(stage.sent.length, 1);
  t.regex(stage.sent[0]!.path, /sa19/);
  const started = stage.timing.now();
  await stage.look(10);
  t.true(stage.sent.length <= 12);
  t.true(stage.timing.now() - started >= 9000, 'at most one a second');
});
