import test from 'ava';
import { CloudTime } from '../../../src/cache/cloud-time.ts';
import type { Transport, UpstreamResponse } from '../../../src/cache/transport.ts';
import { readBearerIdentity } from '../../../src/hub/identity/bearer-identity.ts';
import { KeySource } from '../../../src/hub/identity/key-source.ts';
import { TokenKeys } from '../../../src/hub/identity/token-keys.ts';
import { ManualLink, ManualTiming } from '../../support/manual-timing.ts';
import { settled } from '../../support/scripted-transport.ts';
import { createTokenSigner } from '../../support/token-signer.ts';

const issuer = 'https://kubernetes.default.svc';
const signer = createTokenSigner('ES256');
const newer = createTokenSigner('ES256');

function tokenBy(by = signer, account = 'web'): string {
  return by.sign({ iss: issuer, aud: [issuer], exp: 2_000_000_000, sub: `system:serviceaccount:default:${account}` });
}

function setUp(o: { mayRead: (token: string | undefined) => number; isOnline?: boolean }) {
  const timing = new ManualTiming();
  const link = new ManualLink();
  link.set(o.isOnline ?? true);
  const time = new CloudTime(timing);
  const asked: string[] = [];
  const stage = { timing, link, asked, told: [] as string[], jwks: { keys: [signer.jwk] } as object | string, ...o };
  const transport: Transport = {
    async get({ path, credential, headers }) {
      if (path === '/openid/v1/jwks' && !headers.accept?.includes('application/jwk-set+json')) {
        throw new Error('406, as an apiserver says');
      }
      asked.push(`${credential.kind} ${path}`);
      const statusCode = stage.mayRead(credential.kind === 'bearer' ? credential.token : undefined);
      if (statusCode === 0) throw new Error('no answer');
      const document = path === '/openid/v1/jwks' ? stage.jwks : { issuer, jwks_uri: `${issuer}/openid/v1/jwks` };
      const text = typeof document === 'string' ? document : JSON.stringify(document);
      const chunks = [Buffer.from(statusCode === 200 ? text : '{"kind":"Status"}')];
      const body = Object.assign(
        (async function* () {
          yield* chunks;
        })(),
        { cancel() {} },
      );
      return { statusCode, headers: {}, body } as UpstreamResponse;
    },
  };
  const keys = new TokenKeys({
    nodeName: 'edge-1',
    now: () => time.now(),
    isTimeCertain: () => true,
    ttlMs: 1e12,
    wasIssued: () => false,
    issuedAudiences: () => [],
    onChange: () => {},
  });
  const source = new KeySource({
    keys,
    transport,
    link,
    time,
    timing,
    onRead: (by) => stage.told.push(by),
    onRefused: (statusCode) => stage.told.push(String(statusCode)),
    onUnusable: (reason) => stage.told.push(reason),
  });
  const ending = new AbortController();
  const finished = source.run(ending.signal);
  const stop = (): Promise<void> => {
    ending.abort();
    return finished;
  };
  const prove = (token: string) => source.proved(readBearerIdentity(token), { kind: 'bearer', token });
  const look = async (times = 1): Promise<number> => {
    const before = asked.length;
    for (let i = 0; i < times; i += 1) {
      await timing.wake();
      await settled();
    }
    return asked.length - before;
  };
  return Object.assign(stage, { keys, prove, look, stop });
}

test('where the node may read them the keys are there at once, and are read again daily', async (t) => {
  const stage = setUp({ mayRead: () => 200 });
  t.teardown(stage.stop);
  await settled();
  t.is(stage.keys.size, 1);
  t.deepEqual(stage.told, ['node']);
  t.is(await stage.look(20), 0);
  stage.timing.advance(24 * 3_600_000);
  t.is(await stage.look(3), 2);
});

test('where it may not, the token of a pod that the cloud accepts opens them, at once', async (t) => {
  const good = tokenBy();
  const stage = setUp({ mayRead: (token) => (token === undefined ? 403 : 200) });
  t.teardown(stage.stop);
  await settled();
  t.deepEqual(stage.told, ['403']);
  t.is(await stage.look(10), 0, 'nobody is asked in vain again and again');
  stage.prove('opaque');
  await settled();
  t.is(stage.keys.size, 0);
  stage.prove(good);
  await settled();
  t.deepEqual(stage.told, ['403', 'pod']);
  t.is(stage.keys.size, 1);
});

test('a token that no known key has signed has the keys read anew, once in a minute at most', async (t) => {
  const stage = setUp({ mayRead: () => 200 });
  t.teardown(stage.stop);
  await settled();
  stage.timing.advance(3_600_000);
  stage.jwks = { keys: [signer.jwk, newer.jwk] };
  stage.prove(tokenBy(newer));
  await settled();
  t.is(stage.keys.size, 2);
  const before = stage.asked.length;
  stage.prove(tokenBy(createTokenSigner('ES256'), 'another'));
  await settled();
  t.is(stage.asked.length, before);
  t.is(await stage.look(3), 2);
});

test('with the link down nobody is asked; an answer that is none is asked for again', async (t) => {
  const stage = setUp({ mayRead: () => 0, isOnline: false });
  t.teardown(stage.stop);
  await settled();
  t.is(stage.asked.length, 0);
  stage.link.set(true);
  await settled();
  t.is(stage.asked.length, 1);
  stage.mayRead = () => 200;
  await stage.look(3);
  t.is(stage.keys.size, 1);
});

test('keys that cannot be used are told of, once for each reason, and asked for until they can', async (t) => {
  const stage = setUp({ mayRead: () => 200 });
  t.teardown(stage.stop);
  stage.jwks = '<html>a gateway</html>';
  await settled();
  await stage.look(3);
  stage.jwks = { keys: [] };
  await stage.look(3);
  stage.jwks = 'x'.repeat(1024 * 1024 + 1);
  await stage.look(3);
  t.deepEqual(stage.told, [
    '/openid/v1/jwks is no JSON',
    'it names no issuer, or no key of a kind that is known here',
    '/openid/v1/jwks is larger than 1048576 bytes',
  ]);
  stage.jwks = { keys: [signer.jwk] };
  await stage.look(3);
  t.is(stage.told.at(-1), 'node');
  t.is(stage.keys.size, 1);
});
