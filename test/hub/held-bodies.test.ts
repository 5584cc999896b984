import test from 'ava';
import fc from 'fast-check';
import { StatusError } from '../../src/apimachinery/status.ts';
import { HeldBodies, type HeldBody } from '../../src/hub/held-bodies.ts';

test('what is held of answers is never above the limits, and nothing is left when all of them were released', (t) => {
  const limits = { answerBytes: 100, totalBytes: 250 };
  const step = fc.record({ of: fc.nat(5), bytes: fc.nat(60), isOver: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const all = new HeldBodies(limits);
      const open = new Map<number, { readonly body: HeldBody; bytes: number }>();
      for (const { of, bytes, isOver } of steps) {
        const one = open.get(of) ?? { body: all.open(), bytes: 0 };
        open.set(of, one);
        if (isOver) {
          one.body.release();
          one.body.release();
          open.delete(of);
          continue;
        }
        const held = [...open.values()].reduce((sum, other) => sum + other.bytes, 0);
        const code = codeOf(() => one.body.add(bytes));
        const expected = one.bytes + bytes > 100 ? 503 : held + bytes > 250 ? 429 : 200;
        t.is(code, expected);
        if (code === 200) one.bytes += bytes;
        t.is(all.totalBytes, code === 200 ? held + bytes : held);
      }
      for (const { body } of open.values()) body.release();
      t.is(all.totalBytes, 0);
    }),
  );
});

test('an answer that is too large by itself is refused in words that say what to ask instead', (t) => {
  const body = new HeldBodies({ answerBytes: 2 * 1024 * 1024, totalBytes: 2 * 1024 * 1024 }).open();
  const error = t.throws(() => body.add(2 * 1024 * 1024 + 1), { instanceOf: StatusError });
  t.is(error.status.reason, 'ServiceUnavailable');
  t.regex(error.message, /2 MiB.*limit=500/);
});

function codeOf(add: () => void): number {
  try {
    add();
    return 200;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return error.status.code;
  }
}
