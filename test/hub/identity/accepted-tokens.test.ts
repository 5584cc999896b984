import test from 'ava';
import fc from 'fast-check';
import { accountOf } from '../../../src/cache/outbox/account-of.ts';
import type { PodPresence } from '../../../src/cache/tokens/bound-pod.ts';
import { AcceptedTokens, provesToken } from '../../../src/hub/identity/accepted-tokens.ts';
import { readBearerIdentity } from '../../../src/hub/identity/bearer-identity.ts';
import { jwt, serviceAccountToken } from './tokens.ts';

const hourMs = 3_600_000;

function setUp(o: { offlineTokenTtlMs?: number; limit?: number } = {}) {
  const clock = { nowMs: 1_000_000_000_000 };
  const make = () => new AcceptedTokens({ nodeName: 'edge-1', now: () => clock.nowMs, ...o });
  return { clock, make, table: make() };
}

const seconds = (timeMs: number) => timeMs / 1000;
const alive = (): PodPresence => 'alive';

test('the identity of a service account comes from subject, issuer and uid; of any other token from its bytes', (t) => {
  const one = readBearerIdentity(
    serviceAccountToken({
      namespace: 'ns',
      name: 'sa',
      exp: 20,
      nbf: 10,
      pod: { name: 'p', uid: 'u' },
      node: 'edge-1',
    }),
  );
  t.regex(one.claimed, /^sa:ns:sa:[0-9a-f]{16}:s$/);
  t.is(one.claimedUser, 'system:serviceaccount:ns:sa');
  t.deepEqual(one.claims, {
    expMs: 20_000,
    nbfMs: 10_000,
    pod: { namespace: 'ns', name: 'p', uid: 'u' },
    node: 'edge-1',
  });
  const elsewhere = readBearerIdentity(serviceAccountToken({ namespace: 'ns', name: 'sa', iss: 'https://other' }));
  t.not(elsewhere.claimed, one.claimed, 'the same name from another issuer is somebody else');
  const anew = readBearerIdentity(serviceAccountToken({ namespace: 'ns', name: 'sa', uid: 'another' }));
  t.not(anew.claimed, one.claimed, 'an account that was deleted and made anew is somebody else');
  t.is(accountOf(anew.claimed), accountOf(one.claimed));
  const inSecret = jwt({
    iss: 'kubernetes/serviceaccount',
    sub: 'system:serviceaccount:ns:sa',
    'kubernetes.io/serviceaccount/service-account.uid': 'of-the-secret',
  });
  t.regex(readBearerIdentity(inSecret).claimed, /^sa:ns:sa:[0-9a-f]{16}:of-the-secret$/);
  for (const token of [
    'opaque',
    'a.b.c',
    jwt({ sub: 'alice', iss: 'https://idp' }),
    jwt({ sub: 'system:serviceaccount:ns:sa' }),
    jwt({ sub: 'system:serviceaccount:ns:sa:more', iss: 'x' }),
    jwt({ sub: 'system:serviceaccount:n/s:sa', iss: 'x' }),
    jwt([]),
  ]) {
    const opaque = readBearerIdentity(token);
    t.is(opaque.claimed, `token:${opaque.hash}`);
    t.is(opaque.claimedUser, undefined);
  }
  t.is(readBearerIdentity(jwt({ sub: 'alice', exp: 5 })).claims.expMs, 5000);
});

test('reading a token never throws, whatever it is', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((json) => `a.${Buffer.from(json).toString('base64url')}.c`),
      ),
      (token) => {
        const { hash, claimed } = readBearerIdentity(token);
        return hash.length === 64 && claimed.length > 0;
      },
    ),
  );
  t.pass();
});

test('only success proves a token: a gateway can answer anything else to a forged one', (t) => {
  for (const code of [200, 201, 204, 101]) t.true(provesToken('GET', code));
  for (const code of [400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 302]) t.false(provesToken('GET', code));
  t.false(provesToken('OPTIONS', 204), 'apiserver answers CORS preflights before it looks at credentials');
});

test('what the cloud has not accepted is unknown, and never an identity', (t) => {
  const { table } = setUp();
  const token = readBearerIdentity(serviceAccountToken({ namespace: 'kube-system', name: 'admin' }));
  t.is(table.verify(token, alive).verdict, 'unknown');
  t.is(table.identityOf(token), token.unverified);
  table.accept(token);
  t.deepEqual(table.verify(token, alive), { verdict: 'accepted', identity: token.claimed });
  const forged = readBearerIdentity(`${serviceAccountToken({ namespace: 'kube-system', name: 'admin' })}x`);
  t.is(table.verify(forged, alive).verdict, 'unknown', 'the same claims in other bytes are another token');
  t.true(table.reject(token));
  t.is(table.verify(token, alive).verdict, 'unknown');
});

test('an accepted token that expires is rejected; one that is not valid yet, or long unseen, is unknown', (t) => {
  const { table, clock } = setUp({ offlineTokenTtlMs: 24 * hourMs });
  const start = clock.nowMs;
  const short = readBearerIdentity(
    serviceAccountToken({ namespace: 'a', name: 'b', exp: seconds(start + hourMs), nbf: seconds(start) }),
  );
  const long = readBearerIdentity(serviceAccountToken({ namespace: 'a', name: 'c' }));
  table.accept(short);
  table.accept(long);
  clock.nowMs = start - 1000;
  t.is(table.verify(short, alive).verdict, 'unknown');
  clock.nowMs = start + hourMs - 1;
  t.is(table.verify(short, alive).verdict, 'accepted');
  clock.nowMs += 1;
  t.is(table.verify(short, alive).verdict, 'rejected');
  clock.nowMs = start + 24 * hourMs - 1;
  t.is(table.verify(long, alive).verdict, 'accepted');
  clock.nowMs += 1;
  t.is(table.verify(long, alive).verdict, 'unknown');
});

test('a token dies with the pod it is bound to, and is not vouched for on another node', (t) => {
  const { table } = setUp();
  const pod = { name: 'p', uid: 'u1' };
  const bound = readBearerIdentity(serviceAccountToken({ namespace: 'ns', name: 'sa', pod, node: 'edge-1' }));
  const elsewhere = readBearerIdentity(serviceAccountToken({ namespace: 'ns', name: 'sa', pod, node: 'edge-2' }));
  table.accept(bound);
  table.accept(elsewhere);
  const asked: unknown[] = [];
  const verdictWhen = (presence: PodPresence) => {
    const podPresence = (one: unknown) => {
      asked.push(one);
      return presence;
    };
    return table.verify(bound, podPresence).verdict;
  };
  t.is(verdictWhen('alive'), 'accepted');
  t.is(verdictWhen('gone'), 'rejected');
  t.is(verdictWhen('unknown'), 'unknown');
  t.deepEqual(asked[0], { namespace: 'ns', name: 'p', uid: 'u1' });
  t.is(table.verify(elsewhere, alive).verdict, 'unknown');
});

test('a restart changes nothing, and what is written down is no token', (t) => {
  const { table, make } = setUp();
  const tokens = [
    serviceAccountToken({ namespace: 'ns', name: 'sa', exp: 9_999_999_999, pod: { name: 'p', uid: 'u' } }),
    'opaque',
  ];
  const text = JSON.stringify(tokens.map((token) => table.accept(readBearerIdentity(token))?.entry));
  for (const token of tokens) t.false(text.includes(token));
  const restarted = make();
  t.is(restarted.restore(JSON.parse(text)), 0);
  t.is(restarted.size, 2);
  for (const token of tokens) {
    t.deepEqual(restarted.verify(readBearerIdentity(token), alive), table.verify(readBearerIdentity(token), alive));
  }
});

test('restoring leaves out what is not an entry, above all one that would be the node', (t) => {
  const { table } = setUp();
  const good = { hash: 'a'.repeat(64), identity: 'token:x', acceptedAtMs: 999_999_999_999 };
  const bad = [
    null,
    'x',
    {},
    { ...good, hash: 'zz' },
    { ...good, identity: 'node' },
    { ...good, pod: {} },
    { ...good, expMs: 'soon' },
  ];
  t.is(table.restore([...bad, good]), bad.length);
  t.is(table.size, 1);
});

test('the table stays within its limit; the tokens that were accepted last stay', (t) => {
  const { table, clock } = setUp({ limit: 3 });
  const tokens = ['a', 'b', 'c', 'd'].map(readBearerIdentity);
  for (const token of tokens.slice(0, 3)) table.accept(token);
  clock.nowMs += 2 * hourMs;
  t.truthy(table.accept(tokens[0]!), 'worth writing down again');
  t.is(table.accept(tokens[0]!), undefined, 'not twice in a moment');
  t.deepEqual(table.accept(tokens[3]!)?.forgotten, [tokens[1]!.hash], 'and its record with it');
  t.is(table.size, 3);
  const kept = tokens.map((token) => table.verify(token, alive).verdict);
  t.deepEqual(kept, ['accepted', 'unknown', 'accepted', 'accepted']);
});

test('by a clock that may be wrong no token is ended for good, nor forgotten', (t) => {
  const clock = { nowMs: 1_000_000_000_000, isCertain: true };
  const table = new AcceptedTokens({
    nodeName: 'edge-1',
    now: () => clock.nowMs,
    isTimeCertain: () => clock.isCertain,
  });
  const token = readBearerIdentity(
    serviceAccountToken({ namespace: 'ns', name: 'sa', exp: seconds(clock.nowMs + hourMs) }),
  );
  const another = readBearerIdentity('another');
  table.accept(token);
  clock.nowMs += 40 * 24 * hourMs;
  clock.isCertain = false;
  t.is(table.verify(token, alive).verdict, 'unknown', '401 would be for ever');
  table.accept(another);
  t.is(table.size, 2);
  clock.nowMs -= 40 * 24 * hourMs;
  t.is(table.verify(token, alive).verdict, 'accepted');
  clock.nowMs += 40 * 24 * hourMs;
  clock.isCertain = true;
  t.is(table.verify(token, alive).verdict, 'rejected');
  t.deepEqual(table.accept(readBearerIdentity('third'))?.forgotten, [token.hash]);
});

test('a pod that runs for months, and pods that come and go, leave no more behind than is of use', (t) => {
  const { table, clock } = setUp();
  const start = clock.nowMs;
  const tokenOf = (pod: string, hour: number) =>
    readBearerIdentity(
      serviceAccountToken({
        namespace: 'ns',
        name: 'sa',
        pod: { name: pod, uid: pod },
        exp: seconds(start + (hour + 9000) * hourMs),
      }),
    );
  const living = new Set<string>();
  const presence = (pod: { readonly uid: string }): PodPresence => (living.has(pod.uid) ? 'alive' : 'gone');
  const kept = new Set<string>();
  for (let hour = 0; hour < 24 * 20; hour += 1) {
    living.clear();
    for (const pod of ['web', `job-${hour}`]) {
      living.add(pod);
      const { entry, forgotten } = table.accept(tokenOf(pod, hour))!;
      kept.add(entry.hash);
      for (const hash of [...forgotten, ...table.sweep(presence)]) kept.delete(hash);
    }
    clock.nowMs += hourMs;
  }
  t.is(kept.size, table.size, 'its record goes with it');
  t.true(table.size <= 20, `${table.size}`);
  const last = 24 * 20 - 1;
  for (const hour of [last, last - 15]) t.is(table.verify(tokenOf('web', hour), presence).verdict, 'accepted');
  t.is(table.verify(tokenOf('web', last - 16), presence).verdict, 'unknown');
});

test('a pod that is not known here yet, and one of which nobody can tell, lose no token', (t) => {
  const { table, clock } = setUp();
  const bound = readBearerIdentity(serviceAccountToken({ namespace: 'ns', name: 'sa', pod: { name: 'p', uid: 'u' } }));
  table.accept(bound);
  t.deepEqual(
    table.sweep(() => 'gone'),
    [],
  );
  clock.nowMs += hourMs;
  t.deepEqual(
    table.sweep(() => 'unknown'),
    [],
  );
  t.deepEqual(
    table.sweep(() => 'gone'),
    [bound.hash],
  );
});
