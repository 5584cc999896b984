import test from 'ava';
import fc from 'fast-check';
import { RefusedTokens } from '../../../src/hub/identity/refused-tokens.ts';

const clocksDifferByMs = 10_000;

test('a refusal is known until it is forgiven, or says by when it was issued that it may be forgotten', (t) => {
  let now = 1_000_000;
  const tokens = new RefusedTokens(() => now);
  const issuedAt = new Map<string, number>();
  for (let count = 0; count < 5000; count += 1) {
    now += 1000;
    issuedAt.set(`token-${count}`, now / 1000 - 1);
    t.true(tokens.add([`token-${count}`], count % 2 === 0));
  }
  for (const [token, iat] of issuedAt) t.true(tokens.has(token) || tokens.mayHaveForgotten(iat), token);
  t.false(tokens.mayHaveForgotten((now + clocksDifferByMs) / 1000 + 1), 'what is issued later is not held back');
  t.true(tokens.mayHaveForgotten(undefined), 'what does not say when may be any');
});

test('what anybody can make up pushes out nothing of what the cloud has signed', (t) => {
  const tokens = new RefusedTokens(() => 1);
  tokens.add(['signed'], true);
  for (let count = 0; count < 3000; count += 1) tokens.add([`made-up-${count}`], false);
  t.true(tokens.has('signed'));
});

test('only what was not known is news; what is forgiven is as if it had never been refused', (t) => {
  const tokens = new RefusedTokens(() => 1);
  t.true(tokens.add(['a', 'account pod'], true));
  t.false(tokens.add(['a'], true));
  t.false(tokens.forgive(['b']));
  t.true(tokens.forgive(['a', 'account pod']));
  t.true(tokens.isEmpty);
});

test('what was written down comes back; what is of another form says nothing', (t) => {
  const tokens = new RefusedTokens(() => 7);
  tokens.add(['a'], true);
  tokens.add(['b'], false);
  const back = new RefusedTokens(() => 7);
  back.restore(JSON.parse(JSON.stringify(tokens.record())));
  t.deepEqual(back.record(), tokens.record());
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const other = new RefusedTokens(() => 7);
      t.notThrows(() => other.restore({ refused: value, doubted: value, forgottenAtMs: value }));
      t.notThrows(() => other.restore(value));
    }),
  );
});
