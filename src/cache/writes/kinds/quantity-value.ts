// How much a quantity is, in billionths: to compare and to add, not to write. Source: apimachinery pkg/api/resource.

const decimalExponents = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** @param text a quantity that was already found well-formed; what is smaller than a billionth is rounded up */
export function quantityNanos(text: string): bigint {
  const match = /^([+-]?)(\d*)\.?(\d*)([a-zA-Z]*)([+-]?\d*)$/.exec(text.trim());
  if (match === null) return 0n;
  const [, sign, whole = '', fraction = '', suffix = '', exponent = ''] = match;
  const binary = binarySuffixes.indexOf(suffix) + 1;
  const isExponent = exponent !== '' && (suffix === 'e' || suffix === 'E');
  const tens = isExponent ? Number(exponent) : decimalExponents[suffix as keyof typeof decimalExponents];
  const scale = 9 - fraction.length + (binary > 0 ? 0 : (tens ?? 0));
  const digits = BigInt(whole + fraction || '0') * 1024n ** BigInt(binary);
  const nanos =
    scale >= 0 ? digits * 10n ** BigInt(scale) : (digits + 10n ** BigInt(-scale) - 1n) / 10n ** BigInt(-scale);
  return sign === '-' ? -nanos : nanos;
}
