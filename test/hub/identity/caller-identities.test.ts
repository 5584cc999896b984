import test from 'ava';
import { StatusError } from '../../../src/apimachinery/status.ts';
import type { PodPresence } from '../../../src/cache/tokens/bound-pod.ts';
import type { UpstreamResponse } from '../../../src/cache/transport.ts';
import { type AcceptedToken, AcceptedTokens } from '../../../src/hub/identity/accepted-tokens.ts';
import { readBearerIdentity } from '../../../src/hub/identity/bearer-identity.ts';
import type { Caller } from '../../../src/hub/identity/caller.ts';
import { CallerIdentities } from '../../../src/hub/identity/caller-identities.ts';
import { serviceAccountToken } from './tokens.ts';

const hourMs = 3_600_000;
const { signal } = new AbortController();
const token = serviceAccountToken({ namespace: 'ns', name: 'sa', pod: { name: 'p', uid: 'u' } });

function callerWith(text: string, isImpersonating = false): Caller {
  const bearer = readBearerIdentity(text);
  return {
    credential: { kind: 'bearer', token: text },
    identity: bearer.unverified,
    user: '',
    kind: 'bearer-token',
    isImpersonating,
    bearer,
  };
}

function setUp(o: { statusCode?: number; presence?: PodPresence } = {}) {
  const clock = { nowMs: 1_000_000_000_000 };
  const seen = { asked: 0, changes: 0 };
  const kept = new Map<string, AcceptedToken>();
  const proved: string[] = [];
  const tokens = new AcceptedTokens({ nodeName: 'edge-1', now: () => clock.nowMs, offlineTokenTtlMs: 24 * hourMs });
  const identities = new CallerIdentities({
    tokens,
    keys: {
      verify: () => ({ verdict: 'unknown', reason: 'its keys are not known here' }),
      accepted() {},
      refused() {},
    },
    transport: {
      async get() {
        seen.asked += 1;
        return { statusCode: o.statusCode ?? 200, headers: {}, body: { cancel() {} } } as unknown as UpstreamResponse;
      },
    },
    podPresence: () => o.presence ?? 'alive',
    now: () => clock.nowMs,
    memory: {
      keep: (entry) => {
        seen.changes += 1;
        kept.set(entry.hash, entry);
      },
      forget: (hashes) => {
        for (const hash of hashes) kept.delete(hash);
      },
      revoke: (hash) => {
        seen.changes += 1;
        kept.delete(hash);
      },
    },
    onProved: ({ claimed }, { token }) => proved.push(`${claimed} ${token}`),
  });
  return { clock, seen, kept, tokens, identities, proved };
}

const node: Caller = {
  credential: { kind: 'node' },
  identity: 'node',
  user: 'n',
  kind: 'client-certificate',
  isImpersonating: false,
};

test('online, a token is who it claims only after the cloud took it, and that is asked again after two minutes', async (t) => {
  const { identities, seen, clock } = setUp();
  const caller = callerWith(token);
  t.is(await identities.proven({ caller, signal }), caller.bearer!.claimed);
  t.is(await identities.proven({ caller, signal }), caller.bearer!.claimed);
  t.is(seen.asked, 1);
  clock.nowMs += 120_000;
  await identities.proven({ caller, signal });
  t.is(seen.asked, 2);
  t.is(await identities.proven({ caller: node, signal }), 'node');
});

test('a token that the cloud takes is remembered under the identity it names, for writes that wait', async (t) => {
  const { identities, proved } = setUp();
  const caller = callerWith(token);
  await identities.proven({ caller, signal });
  t.deepEqual(proved, [`${caller.bearer!.claimed} ${token}`]);
  const refused = setUp({ statusCode: 401 });
  await refused.identities.proven({ caller, signal });
  t.deepEqual(refused.proved, []);
});

test('requests that come at once with the same token ask the cloud once; one that leaves does not spoil it for the rest', async (t) => {
  const { identities, seen, clock } = setUp();
  const caller = callerWith(token);
  const leaving = new AbortController();
  const left = identities.proven({ caller, signal: leaving.signal });
  const others = Array.from({ length: 20 }, () => identities.proven({ caller, signal }));
  leaving.abort(new Error('gone'));
  await t.throwsAsync(left, { message: 'gone' });
  t.deepEqual(new Set(await Promise.all(others)), new Set([caller.bearer!.claimed]));
  t.is(seen.asked, 1);
  clock.nowMs += 120_000;
  await identities.proven({ caller, signal });
  t.is(seen.asked, 2, 'an answer counts for its time, not for ever');
});

test('a token that the cloud refuses, or a gateway answers for, proves nothing', async (t) => {
  for (const statusCode of [401, 403, 429, 503]) {
    const { identities, seen } = setUp({ statusCode });
    const caller = callerWith(token);
    t.is(await identities.proven({ caller, signal }), undefined);
    t.throws(() => identities.offline({ caller }), { message: /not accepted this token yet/ });
    t.is(seen.changes, 0);
  }
});

test('a token in constant use is written down again in time, so that a restart offline still knows it', (t) => {
  const { identities, seen, clock, kept } = setUp();
  const caller = callerWith(token);
  for (let minute = 0; minute < 36 * 60; minute += 1) {
    identities.proved({ caller });
    clock.nowMs += 60_000;
  }
  const restarted = setUp();
  restarted.clock.nowMs = clock.nowMs;
  restarted.tokens.restore(JSON.parse(JSON.stringify([...kept.values()])));
  t.is(restarted.identities.offline({ caller }), caller.bearer!.claimed);
  t.true(seen.changes <= 40, 'and not at every request');
});

test('online, with its pod and at its end a token ceases to count, however lately the cloud took it; then the cloud is to say', async (t) => {
  const pod = { presence: 'alive' as PodPresence };
  const { identities, seen, clock } = setUp(pod);
  const caller = callerWith(token);
  t.is(await identities.proven({ caller, signal }), caller.bearer!.claimed);
  pod.presence = 'gone';
  t.is(await identities.proven({ caller, signal }), undefined);
  pod.presence = 'alive';
  const exp = clock.nowMs / 1000 + 60;
  const short = callerWith(serviceAccountToken({ namespace: 'ns', name: 'sa', pod: { name: 'p', uid: 'u' }, exp }));
  t.is(await identities.proven({ caller: short, signal }), short.bearer!.claimed);
  clock.nowMs += 60_000;
  t.is(await identities.proven({ caller: short, signal }), undefined);
  t.is(seen.asked, 2, 'of one that has ended nothing is asked');
});

test('what a caller has opened goes on until its pod is gone or its token ends, and no pod is gone before it was seen', (t) => {
  const pod = { presence: 'gone' as PodPresence };
  const { identities, clock } = setUp(pod);
  const caller = callerWith(token);
  const early = identities.lasting({ caller })!;
  t.true(early(), 'not known here yet');
  clock.nowMs += 60_000;
  t.false(early(), 'and never to be');
  pod.presence = 'alive';
  const lasting = identities.lasting({ caller })!;
  t.true(lasting());
  pod.presence = 'unknown';
  t.true(lasting());
  pod.presence = 'gone';
  t.false(lasting());
  const exp = clock.nowMs / 1000 + 60;
  const short = identities.lasting({ caller: callerWith(serviceAccountToken({ namespace: 'ns', name: 'sa', exp })) })!;
  t.true(short());
  clock.nowMs += 60_000;
  t.false(short());
  t.is(identities.lasting({ caller: node }), undefined);
});

test('offline: 401 for a token whose pod is gone, 503 where it cannot be told, and for whoever impersonates', (t) => {
  const codeOf = (presence: PodPresence, caller: Caller) => {
    const { identities } = setUp({ presence });
    identities.proved({ caller });
    const error = t.throws(() => identities.offline({ caller }), { instanceOf: StatusError });
    return (error as StatusError).status.code;
  };
  t.is(codeOf('gone', callerWith(token)), 401);
  t.is(codeOf('unknown', callerWith(token)), 503);
  t.is(codeOf('alive', callerWith(token, true)), 503);
  t.is(setUp().identities.offline({ caller: node }), 'node');
});

test('offline: a token that has ended is 401 for good, also when it was forgotten long ago', (t) => {
  const { identities, kept, clock } = setUp();
  const exp = clock.nowMs / 1000 + 60;
  const short = callerWith(serviceAccountToken({ namespace: 'ns', name: 'sa', exp }));
  identities.proved({ caller: short });
  clock.nowMs += 2 * hourMs;
  identities.proved({ caller: callerWith(token) });
  t.deepEqual([...kept.keys()], [callerWith(token).bearer!.hash], 'nor is it on disk');
  const error = t.throws(() => identities.offline({ caller: short }), { instanceOf: StatusError });
  t.is((error as StatusError).status.code, 401);
});

test('a refused token is forgotten at once', (t) => {
  const { identities, seen } = setUp();
  const caller = callerWith(token);
  identities.proved({ caller });
  identities.heard({ caller }, 'GET', 401);
  t.throws(() => identities.offline({ caller }));
  t.is(seen.changes, 2);
});
