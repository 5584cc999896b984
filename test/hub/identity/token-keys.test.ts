import { createHmac } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { readJwt } from '../../../src/apimachinery/jwt.ts';
import type { PodPresence } from '../../../src/cache/tokens/bound-pod.ts';
import { readBearerIdentity } from '../../../src/hub/identity/bearer-identity.ts';
import { isSignedBy, readSigningKeys } from '../../../src/hub/identity/signing-keys.ts';
import { TokenKeys, type TokenKeysChange } from '../../../src/hub/identity/token-keys.ts';
import { createTokenSigner, encode } from '../../support/token-signer.ts';

const issuer = 'https://kubernetes.default.svc';
const rsa = createTokenSigner('RS256');
const ec = createTokenSigner('ES256');
const stranger = createTokenSigner('RS256');
const startMs = 1_700_000_000_000;
const hour = 3600;

interface Said {
  readonly aud?: unknown;
  readonly iss?: string;
  readonly exp?: number | undefined;
  readonly nbf?: number;
  readonly pod?: object | undefined;
  readonly node?: string;
  readonly account?: string;
  readonly uid?: string;
}

function claims(said: Said = {}): object {
  const at = startMs / 1000;
  const pod = 'pod' in said ? said.pod : { name: 'web', uid: 'uid-of-web' };
  const { account = 'web', uid = 'uid-of-account', node = 'edge-1' } = said;
  return {
    iss: said.iss ?? issuer,
    aud: said.aud ?? [issuer],
    exp: 'exp' in said ? said.exp : at + hour,
    nbf: said.nbf ?? at,
    sub: `system:serviceaccount:default:${account}`,
    'kubernetes.io': { namespace: 'default', pod, node: { name: node }, serviceaccount: { name: account, uid } },
  };
}

function setUp(o: { presence?: PodPresence; issued?: readonly string[]; isTimeCertain?: boolean } = {}) {
  const clock = { nowMs: startMs + 1000 };
  const changes: TokenKeysChange[] = [];
  const make = () =>
    new TokenKeys({
      nodeName: 'edge-1',
      now: () => clock.nowMs,
      isTimeCertain: () => o.isTimeCertain ?? true,
      ttlMs: 30 * 24 * hour * 1000,
      wasIssued: (hash) => (o.issued ?? []).includes(hash),
      issuedAudiences: () => [],
      onChange: (change) => changes.push(change),
    });
  const keys = make();
  keys.read({ issuer }, { keys: [rsa.jwk, ec.jwk] });
  const passed = rsa.sign(claims());
  keys.accepted(readBearerIdentity(passed), passed);
  const of = (keys: TokenKeys) => (token: string) =>
    keys.verify(readBearerIdentity(token), token, () => o.presence ?? 'alive');
  return { clock, keys, make, of, changes, judge: (token: string) => of(keys)(token).verdict, verify: of(keys) };
}

/** The same signature by the letter of a lenient reader: the last one carries bits that mean nothing. */
function endings(token: string): readonly string[] {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const bytes = (text: string) => Buffer.from(text.split('.')[2]!, 'base64url');
  return [...letters]
    .map((letter) => token.slice(0, -1) + letter)
    .filter((text) => text !== token && bytes(text).equals(bytes(token)));
}

test('a token that the cloud has signed for a pod of this node is its account’s, also one that was never seen', (t) => {
  const { verify } = setUp();
  for (const signer of [rsa, ec]) {
    const token = signer.sign(claims({ exp: startMs / 1000 + 7 }));
    t.deepEqual(verify(token), { verdict: 'accepted', identity: readBearerIdentity(token).claimed });
  }
});

test('the token does not say how it is to be checked: no “none”, no HMAC with the public key, no other key’s id', (t) => {
  const { judge } = setUp();
  const body = encode(claims());
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const der = rsa.publicKey.export({ type: 'spki', format: 'der' });
  const hmac = [pem, der, JSON.stringify(rsa.jwk), String(rsa.jwk.n)].map((secret) => {
    const signed = `${encode({ alg: 'HS256', kid: rsa.kid })}.${body}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  });
  const none = ['none', 'None', 'NONE', ''].map((alg) => `${encode({ alg, kid: rsa.kid })}.${body}.`);
  const good = rsa.sign(claims());
  const [head, , signature] = good.split('.');
  const forged = [
    ...hmac,
    ...none,
    `${encode({ alg: 'none' })}.${body}.`,
    stranger.sign(claims()),
    stranger.sign(claims(), { kid: rsa.kid }),
    rsa.sign(claims(), { kid: ec.kid }),
    rsa.sign(claims(), { kid: undefined }),
    rsa.sign(claims(), { kid: 'unknown' }),
    rsa.sign(claims(), { alg: 'RS512' }),
    rsa.sign(claims(), { alg: 'PS256' }),
    rsa.sign(claims(), { crit: ['exp'] }),
    stranger.sign(claims(), { kid: rsa.kid, jwk: stranger.jwk, jku: 'https://elsewhere/jwks' }),
    `${head}.${encode(claims({ account: 'admin' }))}.${signature}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    'opaque',
  ];
  for (const token of forged) t.is(judge(token), 'unknown', token.slice(0, 60));
  t.is(judge(good), 'accepted');
});

test('whatever byte of a signed token is changed, it is not vouched for', (t) => {
  const { judge } = setUp();
  const good = rsa.sign(claims());
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
  const change = fc.record({ at: fc.nat(good.length - 1), letter: fc.constantFrom(...letters) });
  fc.assert(
    fc.property(change, ({ at, letter }) => {
      const token = good.slice(0, at) + letter + good.slice(at + 1);
      return token === good || judge(token) !== 'accepted';
    }),
  );
  t.pass();
});

test('a token of another issuer, for another audience, of another node, or bound to nothing is not vouched for', (t) => {
  const { judge } = setUp();
  const others: Said[] = [
    { iss: 'https://other' },
    { aud: ['vault'] },
    { aud: [] },
    { aud: undefined, iss: 'x' },
    { node: 'edge-2' },
    { pod: undefined },
    { exp: undefined },
    { nbf: startMs / 1000 + 600 },
  ];
  for (const said of others) t.is(judge(rsa.sign(claims(said))), 'unknown', JSON.stringify(said));
  t.is(judge(rsa.sign(claims({ aud: ['vault', issuer] }))), 'accepted');
  t.is(judge(rsa.sign({ ...claims(), sub: 'alice' })), 'unknown', 'no service account');
});

test('an expired token is 401 by the cloud’s time and 503 by a doubtful clock; one of a deleted pod is 401', (t) => {
  const token = rsa.sign(claims());
  const certain = setUp();
  certain.clock.nowMs = startMs + hour * 1000;
  t.is(certain.judge(token), 'rejected');
  const doubtful = setUp({ isTimeCertain: false });
  doubtful.clock.nowMs = startMs + hour * 1000;
  t.is(doubtful.judge(token), 'unknown');
  t.is(setUp({ presence: 'gone' }).judge(token), 'rejected');
  t.is(setUp({ presence: 'gone' }).judge(stranger.sign(claims())), 'unknown', 'a forged one proves nothing of the pod');
  t.is(setUp({ presence: 'unknown' }).judge(token), 'unknown');
});

test('the keys count for as long as the cloud’s last word does', (t) => {
  const { clock, judge } = setUp();
  const token = rsa.sign(claims({ exp: startMs / 1000 + 365 * 24 * hour }));
  clock.nowMs = startMs + 29 * 24 * hour * 1000;
  t.is(judge(token), 'accepted');
  clock.nowMs = startMs + 31 * 24 * hour * 1000;
  t.is(judge(token), 'unknown');
});

test('without an accepted token the audience of the apiserver is not guessed', (t) => {
  const { make, of } = setUp();
  const keys = make();
  keys.read({ issuer }, { keys: [rsa.jwk] });
  const token = rsa.sign(claims());
  t.is(of(keys)(token).verdict, 'unknown');
  const two = rsa.sign(claims({ aud: [issuer, 'vault'] }));
  keys.accepted(readBearerIdentity(two), two);
  t.is(of(keys)(token).verdict, 'unknown', 'one of the two is, but which?');
  const one = rsa.sign(claims({ account: 'other' }));
  keys.accepted(readBearerIdentity(one), one);
  t.is(of(keys)(token).verdict, 'accepted');
});

test('a token that kubelet was issued through the hub is vouched for without any key', (t) => {
  const token = stranger.sign(claims());
  const { judge } = setUp({ issued: [readBearerIdentity(token).hash] });
  t.is(judge(token), 'accepted');
  t.is(judge(stranger.sign(claims({ account: 'admin' }))), 'unknown');
});

test('once the cloud refuses such a token none of its account and pod is vouched for, until it accepts one again', (t) => {
  const { keys, judge, changes } = setUp();
  const alive = (): PodPresence => 'alive';
  const [old, renewed] = [rsa.sign(claims()), rsa.sign(claims({ exp: startMs / 1000 + 2 * hour }))];
  const refuse = (token: string) => keys.refused(readBearerIdentity(token), token, alive);
  const forged = stranger.sign(claims(), { kid: rsa.kid });
  for (const harmless of [forged, rsa.sign(claims({ aud: ['vault'] })), rsa.sign(claims({ exp: 1 })), 'opaque']) {
    refuse(harmless);
    t.is(judge(renewed), 'accepted', 'that refusal says nothing about the account');
  }
  refuse(old);
  t.is(judge(old), 'unknown');
  t.is(judge(renewed), 'unknown');
  t.is(
    judge(rsa.sign(claims({ pod: { name: 'web', uid: 'another' } }))),
    'accepted',
    'another pod’s is another matter',
  );
  t.is(judge(rsa.sign(claims({ uid: 'made-anew' }))), 'accepted');
  t.is(changes.at(-1), 'refusal', 'it must not be forgotten');
  keys.accepted(readBearerIdentity(renewed), renewed);
  t.is(judge(renewed), 'accepted');
});

test('a token that the cloud refused is not vouched for later, however little was known of it then, and however it is spelled', (t) => {
  const token = rsa.sign(claims());
  const bearer = readBearerIdentity(token);
  const spelled = [token, `${token}=`, `${token}==`, ...endings(token)];
  const presence = { now: 'unknown' as PodPresence };
  const podPresence = (): PodPresence => presence.now;
  const { keys, make, judge } = setUp();
  keys.refused(bearer, token, podPresence);
  t.is(judge(token), 'unknown', 'nobody knew of its pod');
  t.is(judge(rsa.sign(claims({ exp: startMs / 1000 + 9 }))), 'accepted', 'that says nothing of another');
  for (const known of [[], [ec.jwk]]) {
    const before = make();
    before.read({ issuer }, { keys: known });
    before.refused(bearer, token, () => 'alive');
    const next = make();
    next.restore(JSON.parse(JSON.stringify(before.record())));
    next.read({ issuer }, { keys: [rsa.jwk, ec.jwk] });
    const other = rsa.sign(claims({ account: 'other' }));
    next.accepted(readBearerIdentity(other), other);
    const verdictOf = (text: string) => next.verify(readBearerIdentity(text), text, () => 'alive').verdict;
    t.is(verdictOf(other), 'accepted');
    for (const text of spelled) t.is(verdictOf(text), 'unknown', text.slice(-5));
    next.accepted(bearer, token);
    t.is(verdictOf(token), 'accepted', 'the cloud takes it again');
    for (const text of spelled.slice(1)) t.is(verdictOf(text), 'unknown', 'only as it was signed');
  }
});

test('no forged tokens, however many, make a refusal forgotten; what is issued later is vouched for', (t) => {
  const { clock, keys, make, of, changes } = setUp();
  const next = make();
  const iat = Math.floor(clock.nowMs / 1000);
  const token = rsa.sign({ ...claims(), iat });
  next.refused(readBearerIdentity(token), token, () => 'alive');
  const forge = (to: TokenKeys, count: number) => {
    for (let index = 0; index < count; index += 1) {
      const forged = `${encode({ alg: 'RS256', kid: rsa.kid })}.${encode({ ...claims(), iat, index })}.AAAA`;
      to.refused(readBearerIdentity(forged), forged, () => 'alive');
    }
  };
  forge(next, 2001);
  changes.length = 0;
  next.read({ issuer }, { keys: [rsa.jwk] });
  const passed = rsa.sign(claims({ account: 'other' }));
  next.accepted(readBearerIdentity(passed), passed);
  const judge = (text: string) => of(next)(text).verdict;
  t.is(judge(token), 'unknown');
  clock.nowMs += 60_000;
  t.is(judge(rsa.sign({ ...claims(), iat: iat + 30 })), 'accepted');
  changes.length = 0;
  forge(keys, 3000);
  t.deepEqual(changes, [], 'once the key is known a forged token is worth no note');
});

test('the next life knows keys, audiences and refusals; another cluster’s count for nothing', (t) => {
  const { keys, make, of } = setUp();
  const refused = rsa.sign(claims({ account: 'refused' }));
  keys.refused(readBearerIdentity(refused), refused, () => 'alive');
  const next = make();
  next.restore(JSON.parse(JSON.stringify(keys.record())));
  t.is(of(next)(rsa.sign(claims())).verdict, 'accepted');
  t.is(of(next)(refused).verdict, 'unknown');
  t.is(next.readAtMs, keys.readAtMs);
  for (const bad of [null, {}, 'x', { issuer: 1 }]) t.throws(() => make().restore(bad), { instanceOf: TypeError });
  next.clear();
  t.is(of(next)(rsa.sign(claims())).verdict, 'unknown');
});

test('documents that name no usable key change nothing', (t) => {
  const { keys, judge } = setUp();
  const useless = [
    {},
    null,
    { keys: [] },
    { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] },
    { keys: [{ ...rsa.jwk, n: 7 }] },
  ];
  for (const jwks of useless) t.false(keys.read({ issuer }, jwks));
  t.false(keys.read({ issuer: '' }, { keys: [rsa.jwk] }));
  t.is(judge(rsa.sign(claims())), 'accepted');
  t.is(
    readSigningKeys({
      keys: [
        { ...rsa.jwk, kid: undefined },
        { ...rsa.jwk, use: 'enc' },
        { ...ec.jwk, alg: 'RS256' },
      ],
    }).size,
    0,
  );
  t.false(isSignedBy(readSigningKeys({ keys: [ec.jwk] }), readJwt(rsa.sign(claims(), { kid: ec.kid }))!));
});

test('reading a token never throws, whatever it is', (t) => {
  const { verify } = setUp();
  const part = fc.oneof(
    fc.string(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 4 }), (parts) => verify(parts.join('.')).verdict === 'unknown'));
  t.pass();
});
