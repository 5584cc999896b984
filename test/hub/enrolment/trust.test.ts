import { createHmac, X509Certificate } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { pinnedAuthorities, pinOf } from '../../../src/hub/enrolment/authority-pin.ts';
import { authorityPin } from '../../../src/hub/enrolment/authority-pin-option.ts';
import { bootstrapToken, parseBootstrapToken } from '../../../src/hub/enrolment/bootstrap-token.ts';
import { isSignedBy, readClusterInfo } from '../../../src/hub/enrolment/cluster-info.ts';
import { refuseWrongClock } from '../../../src/hub/enrolment/machine-clock.ts';
import { nameInUse } from '../../../src/hub/enrolment/name-in-use.ts';
import { makeAuthority } from '../pki/test-certificates.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };
const surroundings = { directory: '/', homeDirectory: '/', hostName: 'h', isRoot: true };

function sign(payload: string, { id, secret } = token, header: object = { alg: 'HS256', kid: id }): string {
  const head = Buffer.from(JSON.stringify(header)).toString('base64url');
  const body = Buffer.from(payload).toString('base64url');
  return `${head}..${createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')}`;
}

test('what the token has signed is believed, and nothing that differs from it anywhere', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (text, at, by) => {
        const signature = sign(text);
        t.true(isSignedBy(text, signature, token));
        t.false(isSignedBy(`${text} `, signature, token));
        const bytes = Buffer.from(signature, 'latin1');
        const place = at % bytes.length;
        bytes[place] = bytes[place]! ^ by;
        const changed = bytes.toString('latin1');
        const [, , before] = signature.split('.');
        const [, , after] = changed.split('.');
        // The last digit of base64 has bits that mean nothing.
        const isSame =
          after !== undefined &&
          changed.startsWith(signature.slice(0, -before!.length)) &&
          Buffer.from(before!, 'base64url').equals(Buffer.from(after, 'base64url'));
        t.is(isSignedBy(text, changed, token), isSame, changed);
      },
    ),
  );
});

test('a signature by another key, under another name or by another method is none', (t) => {
  t.false(isSignedBy('x', sign('x', { id: 'abcdef', secret: '0123456789abcdeg' }), token));
  t.false(isSignedBy('x', sign('x', token, { alg: 'HS256', kid: 'zzzzzz' }), token));
  t.false(isSignedBy('x', sign('x', token, { alg: 'none', kid: 'abcdef' }), token));
  for (const nonsense of ['', '.', '..', 'a..b', '..', 'e30..', `${sign('x')}.more`])
    t.false(isSignedBy('x', nonsense, token));
});

test('cluster-info without kubeconfig, without our signature, or with a wrong one is refused, each in its own words', (t) => {
  const of = (data: object | undefined) => t.throws(() => readClusterInfo({ data }, token)) as Error & { code: string };
  t.is(of(undefined).code, 'HOLDFAST_JOIN_AUTHORITY');
  t.regex(of({ kubeconfig: 'x' }).message, /does not know the token abcdef/);
  t.regex(of({ kubeconfig: 'x', 'jws-kubeconfig-abcdef': sign('y') }).message, /not signed with the secret/);
  t.is(readClusterInfo({ data: { kubeconfig: 'x', 'jws-kubeconfig-abcdef': sign('x') } }, token), 'x');
  t.throws(() => readClusterInfo(null, token), { code: 'HOLDFAST_JOIN_AUTHORITY' });
});

test('of a bundle only what is pinned is trusted', (t) => {
  const [one, two] = [makeAuthority('one'), makeAuthority('two')].map(({ issuer }) => issuer.certificate);
  const bundle = Buffer.from(`${one!}${two!}`);
  const trusted = pinnedAuthorities(bundle, [`sha256:${'0'.repeat(64)}`, pinOf(two!)])!;
  t.true(new X509Certificate(trusted).raw.equals(two!.raw));
  t.is(trusted.toString().match(/BEGIN/g)!.length, 1);
  t.is(pinnedAuthorities(bundle, [`sha256:${'0'.repeat(64)}`]), undefined);
});

test('a token or a pin that is none is refused, the token without being repeated', (t) => {
  t.deepEqual(parseBootstrapToken('abcdef.0123456789abcdef'), token);
  fc.assert(
    fc.property(fc.string({ minLength: 4 }), (text) => {
      fc.pre(parseBootstrapToken(text) === undefined);
      const error = t.throws(() => bootstrapToken.parse(text, surroundings)) as Error;
      t.regex(error.message, /^this is not a bootstrap token \(6 and 16/);
    }),
  );
  t.is(authorityPin.parse(`SHA256:${'AB'.repeat(32)}`, surroundings), `sha256:${'ab'.repeat(32)}`);
  t.throws(() => authorityPin.parse('sha256:12', surroundings), { message: /64 hexadecimal digits/ });
});

test('a clock within five minutes of the cluster is right, beyond that it is refused', (t) => {
  const now = Date.UTC(2026, 0, 1);
  fc.assert(
    fc.property(fc.integer({ min: -3_600_000, max: 3_600_000 }), (offMs) => {
      if (Math.abs(offMs) <= 300_000) t.notThrows(() => refuseWrongClock(now, now + offMs));
      else t.throws(() => refuseWrongClock(now, now + offMs), { code: 'HOLDFAST_JOIN_CLOCK' });
    }),
  );
  t.notThrows(() => refuseWrongClock(undefined, now));
});

test('a name is in use where a Ready node of another machine is heard of; never where it is this machine', (t) => {
  const nowMs = Date.UTC(2026, 0, 1);
  fc.assert(
    fc.property(
      fc.constantFrom('True', 'False', 'Unknown', undefined),
      fc.constantFrom('aa', 'bb', ''),
      fc.constantFrom('aa', '', undefined),
      fc.option(fc.integer({ min: 0, max: 200_000 }), { nil: undefined }),
      (ready, theirs, ours, leaseAgeMs) => {
        const conditions = ready === undefined ? [] : [{ type: 'Ready', status: ready }];
        const node = { status: { conditions, nodeInfo: { machineID: theirs }, addresses: [{ address: '192.0.2.1' }] } };
        const renewTime = leaseAgeMs === undefined ? undefined : new Date(nowMs - leaseAgeMs).toISOString();
        const lease = renewTime === undefined ? undefined : { spec: { renewTime } };
        const isTaken = nameInUse({ node, lease, machineId: ours, nowMs }) !== undefined;
        const isOurs = ours === 'aa' && theirs === 'aa';
        t.is(isTaken, ready === 'True' && !isOurs && (leaseAgeMs === undefined || leaseAgeMs <= 50_000));
      },
    ),
  );
  t.is(nameInUse({ node: undefined, lease: undefined, machineId: 'aa', nowMs }), undefined);
});
