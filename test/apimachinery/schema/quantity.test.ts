import test from 'ava';
import { canonicalQuantity } from '../../../src/apimachinery/schema/quantity.ts';

test('a quantity is written as apiserver writes it', (t) => {
  const cases: Readonly<Record<string, string>> = {
    '0': '0',
    '0.0': '0',
    '0Ki': '0',
    '1': '1',
    '100m': '100m',
    '1000m': '1',
    '1500m': '1500m',
    '1.5': '1500m',
    '0.1': '100m',
    '1000': '1k',
    '1500': '1500',
    '123000': '123k',
    '1024Ki': '1Mi',
    '1025Ki': '1025Ki',
    '8Ki': '8Ki',
    '1.5Gi': '1536Mi',
    '0.5Ki': '512',
    '1Gi': '1Gi',
    '1e3': '1e3',
    '1000e0': '1e3',
    '12E': '12E',
    '1.1n': '2n',
    '-5': '-5',
    '-1.5': '-1500m',
    ' 2Gi ': '2Gi',
    '9223372036854775808Ki': '9223372036854775807',
  };
  for (const [given, written] of Object.entries(cases)) t.is(canonicalQuantity(given), written, given);
});

test('what is no quantity is none', (t) => {
  for (const text of ['', ' ', 'x', '1x', '1 Gi', '1KiB', '1.2.3', '--1', '1e', '1eK', '٣']) {
    t.is(canonicalQuantity(text), undefined, text);
  }
});
