import type { X509Certificate } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { lacksSome, planAuthority } from '../../../src/hub/enrolment/authority-plan.ts';
import { makeAuthority } from '../pki/test-certificates.ts';

const all = ['one', 'two', 'three'].map((name) => makeAuthority(name).issuer.certificate);
const some = fc.subarray(all);
const pems = (bundle: readonly X509Certificate[]) => bundle.map((one) => one.toString()).sort();

test('an authority goes only when the servers were seen to do without it, and never before another is there', (t) => {
  fc.assert(
    fc.property(fc.subarray(all, { minLength: 1 }), some, fc.boolean(), (present, published, isPublishedEnough) => {
      const next = planAuthority({ present, published, isPublishedEnough })?.next ?? present;
      t.true(next.length > 0);
      for (const one of present) {
        const mayGo = isPublishedEnough && published.length > 0 && !published.includes(one);
        t.is(next.includes(one), !mayGo);
      }
      if (published.length > 0) for (const one of published) t.true(next.includes(one));
      t.is(
        lacksSome(present, published),
        present.some((one) => !published.includes(one)),
      );
      t.is(planAuthority({ present: next, published, isPublishedEnough }), undefined);
    }),
  );
});

test('what is published in another order is nothing new', (t) => {
  t.is(planAuthority({ present: all, published: all.toReversed(), isPublishedEnough: true }), undefined);
  t.deepEqual(pems(planAuthority({ present: [all[0]!], published: all, isPublishedEnough: false })!.next), pems(all));
});
