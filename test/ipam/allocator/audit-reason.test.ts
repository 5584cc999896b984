import test from 'ava';
import fc from 'fast-check';
import {
  givenReasonText,
  type Missed,
  parseGivenReason,
  waysToGive,
} from '../../../src/ipam/allocator/audit-reason.ts';

const because = fc.constantFrom<Missed['because']>('out-of-range', 'held-by-another', 'live-predecessor');
const missed = fc.option(fc.record({ because, address: fc.oneof(fc.ipV4(), fc.ipV6()) }), { nil: undefined });

test('how an address was given out is read as it was written', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...waysToGive), missed, (how, why) => {
      t.deepEqual(parseGivenReason(givenReasonText(how, why)), { how, missed: why?.because });
    }),
  );
});

test('what is no reason of an ADD is none', (t) => {
  for (const text of ['', 'freed', 'unconfirmed', 'operator, by force', 'stickyish']) {
    t.is(parseGivenReason(text), undefined, text);
  }
});

test('the words of the log stay those of logs that are there already', (t) => {
  const words = (one: Missed['because']): string => givenReasonText('fresh', { because: one, address: '10.244.3.7' });
  t.is(words('out-of-range'), 'fresh; its address 10.244.3.7 is not in the range any more');
  t.is(words('held-by-another'), 'fresh; its address 10.244.3.7 is held by another container');
  t.is(words('live-predecessor'), 'fresh; conflict=live-predecessor');
});
