// Durations as Go writes them: `168h`, `1h30m`, `1.5s`.

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

// Of the table, whose letters the build can escape: one beyond Latin-1 doubles what Node keeps of the plugin's text.
const piece = `(\\d+\\.?\\d*|\\.\\d+)(${Object.keys(unitsMs).join('|')})`;
const duration = new RegExp(`^\\+?(?:${piece})+$`);

/** In milliseconds, rounded; undefined for what is no duration or is negative. */
export const parseDurationMs = (text: string): number | undefined => {
  if (text === '0') return 0;
  if (!duration.test(text)) return undefined;
  const pieces = text.matchAll(new RegExp(piece, 'g'));
  const sum = pieces.reduce((ms, [, count, unit]) => ms + Number(count) * unitsMs[unit!]!, 0);
  return Number.isSafeInteger(Math.round(sum)) ? Math.round(sum) : undefined;
};
