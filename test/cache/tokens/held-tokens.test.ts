import { hash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { CloudTime } from '../../../src/cache/cloud-time.ts';
import { Notes } from '../../../src/cache/notes.ts';
import { readAskedToken, tokenKey, tokenRequestOf } from '../../../src/cache/tokens/asked-token.ts';
import type { PresenceOf } from '../../../src/cache/tokens/bound-pod.ts';
import { answeredAnew, heldTokenOf, tokenOf } from '../../../src/cache/tokens/held-token.ts';
import { HeldTokens } from '../../../src/cache/tokens/held-tokens.ts';
import { askedToken, issuedAnswer } from '../../support/issued-token.ts';
import { ManualTiming } from '../../support/manual-timing.ts';
import { MemoryRecords } from '../../support/memory-records.ts';

const yearSeconds = 365 * 24 * 3600;
const alive: PresenceOf = () => 'alive';
const gone: PresenceOf = () => 'gone';
const account = { namespace: 'default', serviceAccount: 'web' };

async function open(records = new MemoryRecords(), timing = new ManualTiming()) {
  const notes = new Notes(records, () => {});
  const time = new CloudTime(timing);
  const tokens = new HeldTokens({ notes, time, now: () => timing.now() });
  for (const [key, value] of await notes.load('token')) tokens.restore(value, key);
  const hear = () => time.heard(new Date(timing.wallClock()).toUTCString());
  return { tokens, notes, records, timing, time, hear };
}

test('two requests are the same question exactly when account, audiences, lifetime and pod are', (t) => {
  const word = fc.constantFrom('a', 'b', 'a/b', '');
  const some = fc.record({
    namespace: word,
    serviceAccount: word,
    audiences: fc.uniqueArray(word, { maxLength: 2 }).map((list) => list.sort()),
    expirationSeconds: fc.constantFrom(600, 3607),
    pod: fc.record({ name: fc.constantFrom('p', 'q'), uid: fc.constantFrom('u', 'v') }),
  });
  const wellFormed = some.filter(({ namespace, serviceAccount }) => !`${namespace}${serviceAccount}`.includes('/'));
  const whole = wellFormed.map((one) => askedToken({ ...one, pod: { ...one.pod, namespace: one.namespace } }));
  fc.assert(
    fc.property(whole, whole, (a, b) => (tokenKey(a) === tokenKey(b)) === (JSON.stringify(a) === JSON.stringify(b))),
  );
  t.pass();
});

test('a request is read as the cloud reads it: audiences in any order, 3600 seconds unless it says so', (t) => {
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'uid-of-web' };
  const read = (spec: JsonObject) => readAskedToken(account, { spec: { boundObjectRef, ...spec } });
  t.deepEqual(read({ audiences: null, expirationSeconds: 3607 }), askedToken());
  t.deepEqual(read({ audiences: ['b', 'a', 'b'] }), askedToken({ audiences: ['a', 'b'], expirationSeconds: 3600 }));
  t.deepEqual(
    readAskedToken(account, tokenRequestOf(askedToken({ audiences: ['a'] }))),
    askedToken({ audiences: ['a'] }),
  );
  for (const other of [
    null,
    { kind: 'Secret', name: 'web', uid: 'u' },
    { kind: 'Pod', name: 'web' },
    { kind: 'Node' },
  ]) {
    t.is(read({ boundObjectRef: other }), undefined, JSON.stringify(other));
  }
  for (const body of [undefined, null, 'x', [], {}, { spec: 1 }]) t.is(readAskedToken(account, body), undefined);
});

test('a token is given out again as it was, and its client is told to ask again in time, never after its end', (t) => {
  const asked = askedToken();
  const times = fc.record({ life: fc.integer({ min: 1, max: yearSeconds }), age: fc.nat(yearSeconds) });
  fc.assert(
    fc.property(times, ({ life, age }) => {
      const answer = issuedAnswer(asked, { issuedMs: 1_700_000_000_000, lifeSeconds: life });
      const held = heldTokenOf(asked, answer, 0)!;
      const now = 1_700_000_000_000 + age * 1000;
      const again = answeredAnew(held, now);
      const { expirationTimestamp } = again.status as { expirationTimestamp: string };
      const tells = Date.parse(expirationTimestamp);
      const isRight = tells === Math.min(held.expiresMs, now + 3_607_000);
      return isRight && tokenOf(again) === tokenOf(answer);
    }),
  );
  t.pass();
});

test('a lifetime that the cloud has shortened is the one that counts', (t) => {
  const asked = askedToken({ expirationSeconds: 86_400 });
  const answer = issuedAnswer(asked, { issuedMs: 1_700_000_000_000, lifeSeconds: 3600, grantedSeconds: 3600 });
  const held = heldTokenOf(asked, answer, 0)!;
  const again = answeredAnew(held, 1_700_000_000_000).status as { expirationTimestamp: string };
  t.is(Date.parse(again.expirationTimestamp), 1_700_000_000_000 + 3_600_000);
});

test('a held token is given to the very question only, and only while its pod is known to be alive', async (t) => {
  const { tokens, timing } = await open();
  const asked = askedToken();
  const answer = issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds: yearSeconds });
  await tokens.keep(asked, answer);
  t.is(tokenOf(tokens.find(asked, alive).answer!), tokenOf(answer));
  t.is(tokens.find(asked, gone).answer, undefined);
  t.is(tokens.find(asked, () => 'unknown').answer, undefined);
  const others = [
    { audiences: ['vault'] },
    { expirationSeconds: 600 },
    { serviceAccount: 'other' },
    { pod: { ...asked.pod, uid: 'another' } },
  ];
  for (const other of others) t.is(tokens.find(askedToken(other), alive).answer, undefined, JSON.stringify(other));
});

test('what ends by a clock that may be wrong is withheld and kept; by the time of the cloud it is wiped', async (t) => {
  const { tokens, timing, hear, notes, records } = await open();
  const asked = askedToken();
  await tokens.keep(asked, issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds: 3600 }));
  timing.wallClockOffset += 3_600_000;
  t.regex(tokens.find(asked, alive).reason!, /ended at .* by the clock of this node/);
  tokens.sweep(alive);
  timing.wallClockOffset -= 3_600_000;
  t.truthy(tokens.find(asked, alive).answer, 'the clock was set right');
  hear();
  timing.advance(3_599_000);
  t.truthy(tokens.find(asked, alive).answer);
  timing.advance(1000);
  t.is(tokens.find(asked, alive).answer, undefined);
  tokens.sweep(alive);
  await notes.idle();
  t.is(tokens.size, 0);
  t.is(await records.read('token', tokenKey(asked)), undefined);
});

test('with its pod a token is wiped, from the disk too; one whose pod is not known yet has a minute', async (t) => {
  const { tokens, timing, notes, records } = await open();
  const asked = askedToken();
  const issue = () => issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds: yearSeconds });
  await tokens.keep(asked, issue());
  tokens.sweep(gone);
  t.is(tokens.size, 1, 'kubelet may have heard of the pod first');
  tokens.sweep(() => 'unknown');
  tokens.sweep(alive);
  tokens.sweep(gone);
  await notes.idle();
  t.is(tokens.size, 0);
  t.is(await records.read('token', tokenKey(asked)), undefined);
  await tokens.keep(asked, issue());
  timing.advance(60_000);
  tokens.sweep(gone);
  t.is(tokens.size, 0, 'nobody has ever seen its pod');
});

test('the next life knows what was issued; what is written down is marked as secret, and names no token', async (t) => {
  const { tokens, records, timing } = await open();
  const asked = askedToken();
  const answer = issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds: yearSeconds });
  await tokens.keep(asked, answer);
  const puts = records.batches.flat().filter(({ space }) => space === 'token');
  t.true(puts.length > 0 && puts.every(({ secret }) => secret === true));
  t.true(puts.every(({ key }) => !key.includes(tokenOf(answer)!)));
  const next = await open(records.afterCrash(), timing);
  t.deepEqual(next.tokens.find(asked, alive), tokens.find(asked, alive));
  t.throws(() => next.tokens.restore(Buffer.from('{"asked":{}}'), 'x'), { instanceOf: TypeError });
});

test('the latest word of the cloud counts; an answer that is no token takes nothing away', async (t) => {
  const { tokens, timing } = await open();
  const asked = askedToken();
  await tokens.keep(asked, issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds: yearSeconds }));
  const shorter = issuedAnswer(asked, { issuedMs: timing.wallClock(), lifeSeconds: 3607 });
  await tokens.keep(asked, shorter);
  for (const none of [{}, { status: {} }, { status: { token: '' } }, { status: { token: 'opaque' } }]) {
    t.is(await tokens.keep(asked, none), undefined);
  }
  t.is(tokens.size, 1);
  t.is(tokenOf(tokens.find(asked, alive).answer!), tokenOf(shorter));
});

test('the token that kubelet was given counts as issued until its end, also after the hub has asked anew by itself, and after a restart', async (t) => {
  const { tokens, records, timing, notes } = await open();
  const asked = askedToken();
  const issue = (afterMs: number, lifeSeconds = 3607) =>
    issuedAnswer(asked, { issuedMs: timing.wallClock() + afterMs, lifeSeconds });
  const digest = (answer: JsonObject) => hash('sha256', tokenOf(answer)!, 'hex');
  const [mounted, renewed, again, last] = [issue(0), issue(1_200_000), issue(2_400_000), issue(3_000_000)];
  await tokens.keep(asked, mounted);
  await tokens.keep(asked, renewed, false);
  t.true(tokens.wasIssued(digest(mounted)));
  await tokens.keep(asked, again, false);
  t.true(tokens.wasIssued(digest(mounted)));
  t.false(tokens.wasIssued(digest(renewed)), 'nobody was given that one');
  tokens.find(asked, alive);
  await tokens.keep(asked, last, false);
  await notes.idle();
  const { tokens: next } = await open(records.afterCrash(), timing);
  for (const known of [mounted, again, last]) t.true(next.wasIssued(digest(known)));
  timing.advance(3_607_000);
  await next.keep(asked, issue(0));
  t.false(next.wasIssued(digest(mounted)), 'it has ended');
  t.true(next.wasIssued(digest(again)));
  next.sweep(alive);
  next.sweep(gone);
  for (const wiped of [again, last]) t.false(next.wasIssued(digest(wiped)));
});

test('however often kubelet asks, the latest few of its tokens are remembered', async (t) => {
  const { tokens, timing } = await open();
  const asked = askedToken();
  const answers = Array.from({ length: 50 }, (_, index) =>
    issuedAnswer(asked, { issuedMs: timing.wallClock() + index * 1000, lifeSeconds: yearSeconds }),
  );
  for (const answer of answers) await tokens.keep(asked, answer);
  const known = answers.map((answer) => tokens.wasIssued(hash('sha256', tokenOf(answer)!, 'hex')));
  t.deepEqual(known, [...Array(46).fill(false), ...Array(4).fill(true)]);
});
