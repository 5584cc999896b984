import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import type { AskedToken } from '../../../src/cache/tokens/asked-token.ts';
import { type HeldToken, heldTokenOf } from '../../../src/cache/tokens/held-token.ts';
import { tokenFindings } from '../../../src/hub/doctor/token-findings.ts';
import { askedToken, issuedAnswer } from '../../support/issued-token.ts';

const now = 1_700_000_000_000;
const hour = 3600;

function pod(tokens: readonly JsonObject[], phase = 'Running'): JsonObject {
  const sources = tokens.map((serviceAccountToken) => ({ serviceAccountToken }));
  const volumes = [
    { name: 'a', projected: { sources: [{ configMap: { name: 'c' } }, ...sources] } },
    { name: 'b', emptyDir: {} },
  ];
  return { metadata: { name: 'web', namespace: 'shop' }, spec: { volumes }, status: { phase } };
}

function held(lifeSeconds: number, changes: Partial<AskedToken> = {}): HeldToken {
  const asked = askedToken(changes);
  return heldTokenOf(asked, issuedAnswer(asked, { issuedMs: now, lifeSeconds }), now)!;
}

const usual: JsonObject = { path: 'token', expirationSeconds: 3607 };

test('a pod whose tokens are held and live for longer than a day is not mentioned, nor one that mounts none', (t) => {
  t.deepEqual(tokenFindings(pod([usual]), [held(365 * 24 * hour)], now), []);
  t.deepEqual(tokenFindings(pod([]), [], now), []);
  t.deepEqual(tokenFindings(pod([usual], 'Pending'), [], now), [], 'kubelet is about to ask');
});

test('a pod that mounts a token which is not held is a problem', (t) => {
  const vault = { path: 'vault', audience: 'vault' };
  for (const other of [[], [held(365 * 24 * hour, { audiences: ['bank'], expirationSeconds: 3600 })]]) {
    const [finding, ...more] = tokenFindings(pod([usual, vault]), [held(365 * 24 * hour), ...other], now);
    t.like(finding, { check: 'tokens', level: 'problem', subject: 'pod shop/web' });
    t.deepEqual(more, []);
  }
  const both = [held(365 * 24 * hour), held(48 * hour, { audiences: ['vault'], expirationSeconds: 3600 })];
  t.deepEqual(tokenFindings(pod([usual, vault]), both, now), []);
});

test('a pod whose token ends within a day is a warning that says when', (t) => {
  t.regex(tokenFindings(pod([usual]), [held(5 * hour)], now)[0]!.says, /ends in 5 h/);
  t.regex(tokenFindings(pod([usual]), [held(600)], now)[0]!.says, /within the hour/);
});
