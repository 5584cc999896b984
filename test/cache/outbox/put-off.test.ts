import test from 'ava';
import fc from 'fast-check';
import { PutOffs } from '../../../src/cache/outbox/put-off.ts';
import { SeenTokens } from '../../../src/cache/outbox/seen-tokens.ts';

test('each time in a row it waits longer, up to half a minute, and never less than the cloud asked for', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.nat(60_000),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (times, afterMs, luck) => {
        const putOffs = new PutOffs();
        let waited = 0;
        for (let n = 0; n < times; n += 1) {
          putOffs.again(1, 0, afterMs, luck);
          t.true(putOffs.until(1) >= waited);
          waited = putOffs.until(1);
          t.true(waited >= afterMs);
          t.true(waited <= Math.max(afterMs, 30_000) * 1.25);
        }
      },
    ),
  );
});

test('a link that flaps lets it be tried at once, and does not make it forget how often it was', (t) => {
  const putOffs = new PutOffs();
  for (let n = 0; n < 10; n += 1) putOffs.again(1, 0, 0, 0.5);
  t.true(putOffs.until(1) > 1000);
  putOffs.clear();
  t.true(putOffs.until(1) <= 1000);
  t.false(putOffs.has(1));
  putOffs.again(1, 0, 0, 0.5);
  t.is(putOffs.until(1), 30_000);
  putOffs.end(1);
  putOffs.again(1, 0, 0, 0.5);
  t.is(putOffs.until(1), 500);
});

test('what waits for a token is due when one of its own identity is seen', (t) => {
  const putOffs = new PutOffs();
  putOffs.untilToken(1, 600_000, 'sa:a');
  putOffs.untilToken(2, 600_000, 'sa:b');
  t.false(putOffs.tokenSeen('sa:c'));
  t.true(putOffs.tokenSeen('sa:b'));
  t.deepEqual([putOffs.until(1), putOffs.until(2)], [600_000, 0]);
  t.true(putOffs.has(2), 'it was tried: nobody has to wait for it again');
  t.true(putOffs.until(3) <= 0, 'what was never put off is due');
});

test('of each identity the newest token is remembered, and told of once', (t) => {
  const tokens = new SeenTokens();
  t.true(tokens.see('sa:a', 'one'));
  t.false(tokens.see('sa:a', 'one'));
  t.true(tokens.see('sa:a', 'two'));
  t.is(tokens.newest('sa:a')?.token, 'two');
  t.is(tokens.newest('sa:b'), undefined);
  for (let n = 0; n < 2000; n += 1) tokens.see(`sa:${n}`, 'x');
  t.is(tokens.newest('sa:0'), undefined, 'bounded: the longest unused goes');
});

test('why the last try came to nothing is known until it is settled, also while the link is down', (t) => {
  const putOffs = new PutOffs();
  t.is(putOffs.of(1), undefined);
  for (const at of [5, 6]) putOffs.failed(1, { code: 503, reason: `answer ${at}`, at });
  putOffs.again(1, 0, 60_000, 0);
  t.deepEqual(putOffs.of(1), { code: 503, reason: 'answer 6', at: 6, tries: 2, dueAt: 60_000 });
  putOffs.clear();
  t.deepEqual(putOffs.of(1), { code: 503, reason: 'answer 6', at: 6, tries: 2, dueAt: undefined });
  putOffs.end(1);
  t.is(putOffs.of(1), undefined);
});
