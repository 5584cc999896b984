import test from 'ava';
import { ageText, bytesText } from '../../src/cli/quantity-text.ts';
import { textTable } from '../../src/cli/text-table.ts';

test('an age has its two largest units', (t) => {
  const ages: [number, string][] = [
    [-3, '0s'],
    [0, '0s'],
    [0.9, '0s'],
    [59, '59s'],
    [60, '1m'],
    [61, '1m1s'],
    [3600, '1h'],
    [11_520, '3h12m'],
    [86_400, '1d'],
    [90_061, '1d1h'],
    [8_640_000, '100d'],
  ];
  for (const [seconds, text] of ages) t.is(ageText(seconds), text);
});

test('a size has one place and a decimal unit', (t) => {
  const sizes: [number, string][] = [
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [4_210_000, '4.2 MB'],
    [2e9, '2.0 GB'],
    [5e15, '5000.0 TB'],
  ];
  for (const [bytes, text] of sizes) t.is(bytesText(bytes), text);
});

test('columns line up and nothing trails', (t) => {
  t.deepEqual(
    textTable([
      ['A', 'LONG', 'C'],
      ['aaa', 'b', ''],
      ['', 'bb', 'c'],
    ]),
    ['A     LONG   C', 'aaa   b', '      bb     c'],
  );
  t.deepEqual(textTable([]), []);
});
