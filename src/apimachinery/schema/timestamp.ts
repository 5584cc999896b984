// Points in time as Kubernetes writes them: seconds (Time) or microseconds (MicroTime), in UTC, from year 0 to 9999.

export interface Timestamp {
  /** Since 1970, whole; negative before. */
  readonly seconds: number;
  /** 0 to 999 999 999, forward from `seconds`. */
  readonly nanoseconds: number;
}

/** Go's zero time, 1 January of year 1: it means "no time" and is written as null. */
export const zeroTimeSeconds = -62_135_596_800;

const earliest = -62_167_219_200;
const latest = 253_402_300_799;

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** @returns undefined when it is no RFC 3339 time, e.g. the 30th of February */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, ...number[]];
  const date = new Date(0);
  date.setUTCFullYear(year, month! - 1, day!);
  if (date.getUTCMonth() !== month! - 1 || date.getUTCDate() !== day) return undefined;
  if (hour! > 23 || minute! > 59 || second! > 59) return undefined;
  const [fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match.slice(7);
  if (Number(offsetHours) > 24 || Number(offsetMinutes) > 59) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -60 : 60);
  const seconds = date.getTime() / 1000 + hour! * 3600 + minute! * 60 + second! - offset;
  return { seconds, nanoseconds: Number(fraction.slice(0, 9).padEnd(9, '0')) };
}

/** `2006-01-02T15:04:05Z`; undefined outside the years 0 to 9999. */
export function formatTime(seconds: number): string | undefined {
  if (!(seconds >= earliest && seconds <= latest)) return undefined;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** `2006-01-02T15:04:05.000000Z`, cut to microseconds; undefined outside the years 0 to 9999. */
export function formatMicroTime({ seconds, nanoseconds }: Timestamp): string | undefined {
  const whole = formatTime(seconds);
  if (whole === undefined || !(nanoseconds >= 0 && nanoseconds < 1e9)) return undefined;
  return `${whole.slice(0, -1)}.${String(Math.floor(nanoseconds / 1000)).padStart(6, '0')}Z`;
}
