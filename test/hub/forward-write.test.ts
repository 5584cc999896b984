import test from 'ava';
import { parseRequestInfo } from '../../src/apimachinery/request-info.ts';
import type { Exchange } from '../../src/hub/exchange.ts';
import { forwardWrite } from '../../src/hub/handlers/forward-write.ts';
import type { Forwarding } from '../../src/hub/services.ts';

const path = '/api/v1/namespaces/default/configmaps/web';

/** The paths of which what was remembered is forgotten, by a change of `web` whose answer goes this way. */
async function forgottenBy(
  pass: (forwarding: Forwarding) => Promise<void>,
  see: () => Promise<void> = async () => {},
): Promise<readonly string[]> {
  const forgotten: string[] = [];
  const services = {
    cache: { heard: { see, forget: (one: string) => forgotten.push(one) }, grants: { see() {} } },
    identities: { heard() {}, claimed: () => 'a' },
    forward: (_exchange: Exchange, forwarding: Forwarding) => pass(forwarding),
  };
  const exchange = {
    info: parseRequestInfo('PUT', path),
    request: { method: 'PUT', headers: { accept: 'application/json' } },
    caller: { isImpersonating: false },
  };
  await forwardWrite(services as unknown as Parameters<typeof forwardWrite>[0], exchange as Exchange).catch(() => {});
  return forgotten;
}

const headers = { 'content-type': 'application/json' };
const whole = async ({ onHeaders, tee }: Forwarding): Promise<void> => {
  onHeaders?.(200, headers);
  await tee?.(Buffer.from('{}'), 200, headers);
};

test('what was remembered of an object is kept only where the answer to its change was taken in to the end', async (t) => {
  t.deepEqual(await forgottenBy(whole), []);
  const cut = async ({ onHeaders }: Forwarding): Promise<void> => onHeaders?.(200, headers);
  t.deepEqual(await forgottenBy(cut), [path]);
  const refused = async ({ onHeaders }: Forwarding): Promise<void> => onHeaders?.(409, headers);
  t.deepEqual(await forgottenBy(refused), []);
  t.deepEqual(await forgottenBy(whole, () => Promise.reject(new Error('it could not be taken in'))), [path]);
});

test('what was remembered of an object is not taken for new while the answer to its change is taken in', async (t) => {
  const taking = Promise.withResolvers<void>();
  const left = async (forwarding: Forwarding): Promise<void> => void whole(forwarding);
  t.deepEqual(await forgottenBy(left, () => taking.promise), [path]);
  taking.resolve();
});
