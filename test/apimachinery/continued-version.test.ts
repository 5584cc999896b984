import test from 'ava';
import fc from 'fast-check';
import { continuedVersion } from '../../src/apimachinery/continued-version.ts';

const tokenOf = (rv: string): string =>
  Buffer.from(`{"v":"meta.k8s.io/v1","rv":${rv},"start":"shop/web\\u0000"}`).toString('base64url');

test('the version of a page token is read digit for digit, and of any other text there is none', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), (rv) => t.is(continuedVersion(tokenOf(`${rv}`)), `${rv}`)),
  );
  for (const rv of ['-1', '0', '"x"', 'null', '1.5']) t.is(continuedVersion(tokenOf(rv)), undefined, rv);
  fc.assert(fc.property(fc.string(), (text) => t.is(continuedVersion(text), undefined)));
});
