import test from 'ava';
import fc from 'fast-check';
import { lineDiff } from '../../../src/ipam/install/line-diff.ts';

test('what differs is shown with two lines around it', (t) => {
  const before = ['1', '2', '3', '4', '5', '6', '7'].join('\n');
  t.deepEqual(lineDiff(before, before.replace('4', 'four\n4½')), [
    '…',
    ' 2',
    ' 3',
    '-4',
    '+four',
    '+4½',
    ' 5',
    ' 6',
    '…',
  ]);
  t.deepEqual(lineDiff('a\nb', 'a\nc'), [' a', '-b', '+c']);
  t.deepEqual(lineDiff('a\nb', 'a\nb'), []);
});

test('every line that goes or comes is shown, and none that stays', (t) => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const shown = lineDiff(before.join('\n'), after.join('\n'));
      const count = (all: readonly string[], sign: string, line: string): number =>
        all.filter((one) => one === `${sign}${line}`).length;
      for (const line of ['a', 'b', 'c', 'd']) {
        const gone = before.filter((one) => one === line).length - count(shown, '-', line);
        t.is(gone + count(shown, '+', line), after.filter((one) => one === line).length);
      }
    }),
  );
});
