// Ages and sizes as a person reads them. Pure.

const ageUnits = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** The two largest units: `3h12m`, `45s`, `6d`. */
export function ageText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const first = ageUnits.findIndex(([, size]) => whole >= size);
  if (first < 0) return '0s';
  const [unit, size] = ageUnits[first]!;
  const text = `${Math.floor(whole / size)}${unit}`;
  const next = ageUnits[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1]);
  return rest === 0 ? text : `${text}${rest}${next![0]}`;
}

/** Decimal units, one place: `4.2 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${['', 'kB', 'MB', 'GB', 'TB'][power]}`;
}
