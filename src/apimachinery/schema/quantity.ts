// Quantities such as 1500m, 2Gi or 1e3 in the form in which apiserver writes them. Source: apimachinery pkg/api/resource.

type Format = 'decimal' | 'binary' | 'exponent';

const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const maxBinary = 2n ** 63n - 1n;
/** Nothing finer than a billionth is kept. */
const finestScale = 9;

/**
 * The canonical text; a text that is good enough as it stands is kept, by the same rule as in apiserver.
 * @returns undefined when it is no quantity
 */
export function canonicalQuantity(given: string): string | undefined {
  const text = given.trim();
  const match = /^([+-]?)0*(\d*)(?:\.(\d*))?([a-zA-Z]*(?:(?<=[eE])[+-]?\d+)?)$/.exec(text);
  if (match === null || text === '') return undefined;
  const [, sign, leading = '', fraction = '', suffix = ''] = match;
  const unit = readSuffix(suffix);
  if (unit === undefined) return undefined;
  const whole = leading === '' ? '0' : leading;
  const digits = whole + fraction;
  if (isKept(digits, whole, fraction, unit)) return text;
  const magnitude = BigInt(digits) * (unit.format === 'binary' ? 2n ** BigInt(unit.exponent) : 1n);
  if (magnitude === 0n) return '0';
  const scale = fraction.length - (unit.format === 'binary' ? 0 : unit.exponent);
  return (sign === '-' ? '-' : '') + write(...bounded(magnitude, scale, unit.format));
}

interface Unit {
  readonly format: Format;
  /** Of two for `binary`, of ten else. */
  readonly exponent: number;
}

function readSuffix(suffix: string): Unit | undefined {
  const decimal = decimalSuffixes.indexOf(suffix);
  if (decimal >= 0) return { format: 'decimal', exponent: decimal * 3 - 9 };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { format: 'binary', exponent: binary * 10 };
  return /^[eE][+-]?\d+$/.test(suffix) ? { format: 'exponent', exponent: Number(suffix.slice(1)) } : undefined;
}

/** Whether apiserver keeps the text instead of writing the number anew. */
function isKept(digits: string, whole: string, fraction: string, { format, exponent }: Unit): boolean {
  if (format === 'binary') {
    const precision = 14 - whole.length - Math.trunc((exponent * 3) / 10);
    return fraction === '' && precision >= 0 && (Number(digits) & 7) !== 0;
  }
  const scale = exponent - fraction.length;
  if (digits.length > 18 || scale < -finestScale) return false;
  return scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
}

/** Rounded up to billionths; a binary number is cut at 2^63-1, and one below 1 is written decimal. */
function bounded(magnitude: bigint, scale: number, format: Format): [bigint, number, Format] {
  let [value, at] = [magnitude, scale];
  if (at > finestScale) {
    const unit = 10n ** BigInt(at - finestScale);
    value = (value + unit - 1n) / unit;
    at = finestScale;
  }
  if (format !== 'binary') return [value, at, format];
  const one = 10n ** BigInt(at);
  if (value > maxBinary * one) return [maxBinary, 0, 'binary'];
  const isWhole = value % one === 0n;
  return value < 1024n * one || !isWhole ? [value, at, 'decimal'] : [value / one, 0, 'binary'];
}

/** @param scale decimal digits behind the point; negative for zeros before it */
function write(value: bigint, scale: number, format: Format): string {
  if (format === 'binary') {
    let [rest, power] = [value, 0];
    while (rest % 1024n === 0n) [rest, power] = [rest / 1024n, power + 1];
    return `${rest}${binarySuffixes[power] ?? ''}`;
  }
  let [rest, exponent] = [value, -scale];
  while (rest % 10n === 0n) [rest, exponent] = [rest / 10n, exponent + 1];
  while (exponent % 3 !== 0) [rest, exponent] = [rest * 10n, exponent - 1];
  if (format === 'exponent') return exponent === 0 ? `${rest}` : `${rest}e${exponent}`;
  return `${rest}${decimalSuffixes[exponent / 3 + 3] ?? ''}`;
}
