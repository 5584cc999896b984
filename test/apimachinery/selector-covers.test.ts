import test from 'ava';
import fc from 'fast-check';
import { parseFieldSelector } from '../../src/apimachinery/field-selector.ts';
import { parseLabelSelector } from '../../src/apimachinery/label-selector.ts';
import { selectorCovers } from '../../src/apimachinery/selector-covers.ts';

const both = (labels: string, fields = '') => ({
  labels: parseLabelSelector(labels),
  fields: parseFieldSelector(fields),
});

test('a wider selector covers only what it provably contains', (t) => {
  const cases: readonly [ReturnType<typeof both>, ReturnType<typeof both>, boolean][] = [
    [both(''), both(''), true],
    [both(''), both('a=b', 'metadata.name=x'), true],
    [both('a=b'), both('a=b,c'), true],
    [both('a==b'), both('c,a in (b)'), true],
    [both('a=b'), both(''), false],
    [both('a=b'), both('a=c'), false],
    [both('a'), both('a=b'), false],
    [both('', 'spec.nodeName=n'), both('', 'spec.nodeName=n,metadata.name=x'), true],
    [both('', 'spec.nodeName=n'), both('spec.nodeName=n'), false],
    [both('', 'spec.nodeName=n'), both('', 'spec.nodeName=m'), false],
  ];
  for (const [wider, narrower, isCovered] of cases) {
    t.is(
      selectorCovers(wider, narrower),
      isCovered,
      `${wider.labels}|${wider.fields} ${narrower.labels}|${narrower.fields}`,
    );
  }
});

const requirement = fc.constantFrom('a', '!a', 'a=x', 'a!=x', 'a in (x,y)', 'b', 'b=x', 'b notin (x,y)', 'c>1');
const selector = fc.array(requirement, { maxLength: 4 }).map((parts) => parts.join(','));
const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', 'x', 'y', 'z', '0', '2'));

test('whatever the narrower selects, the wider that covers it selects too', (t) => {
  fc.assert(
    fc.property(selector, selector, labels, (first, second, given) => {
      const wider = both(first);
      const narrower = both(second);
      fc.pre(selectorCovers(wider, narrower) && narrower.labels.matches(given));
      t.true(wider.labels.matches(given));
    }),
    { numRuns: 300, maxSkipsPerRun: 1000 },
  );
});
