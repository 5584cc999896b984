import test from 'ava';
import fc from 'fast-check';
import {
  compareResourceVersion,
  isResourceVersion,
  maxResourceVersion,
} from '../../src/apimachinery/resource-version.ts';

const versions = fc.bigInt({ min: 1n, max: 2n ** 80n });

test('versions order as the numbers they are, far beyond 2^53', (t) => {
  fc.assert(
    fc.property(versions, versions, (a, b) => {
      const order = a < b ? -1 : a > b ? 1 : 0;
      t.is(compareResourceVersion(`${a}`, `${b}`), order);
      t.is(maxResourceVersion(`${a}`, `${b}`), `${order < 0 ? b : a}`);
    }),
  );
  t.is(compareResourceVersion('9007199254740993', '9007199254740992'), 1);
});

test('every number above 0 is a version', (t) => {
  fc.assert(fc.property(versions, (a) => t.true(isResourceVersion(`${a}`))));
});

test('what no object may carry is no version', (t) => {
  for (const text of ['', '0', '01', '-1', '+1', '1.0', '1e3', ' 1', '1\n', 'x', '0x1', '١']) {
    t.false(isResourceVersion(text), JSON.stringify(text));
  }
});

test("'' and '0' stand below every version", (t) => {
  t.is(compareResourceVersion('', '0'), -1);
  t.is(compareResourceVersion('0', '1'), -1);
  t.is(maxResourceVersion('', '7'), '7');
});
