// A moment as a person writes it: `2026-11-17`, `2026-11-17 14:30`, `2026-11-17T14:30:00Z`, or `3d` for so long ago. Pure.
import { duration, InvalidValueError, type OptionType } from '../../hub/option-types.ts';

/** A stretch of time: a day is as long as it is, a minute is one. */
export interface Moment {
  /** Milliseconds since the epoch; both ends belong to it. */
  spanAt(nowMs: number): { readonly fromMs: number; readonly untilMs: number };
}

const minuteMs = 60_000;

/** Without a zone it is the machine's local time. */
export const moment: OptionType<Moment> = {
  placeholder: 'TIME',
  parse(text, surroundings) {
    if (/^\d+(\.\d+)?(ms|s|m|h|d)/.test(text)) {
      const agoMs = duration().parse(text, surroundings);
      return { spanAt: (nowMs) => ({ fromMs: nowMs - agoMs, untilMs: nowMs - agoMs }) };
    }
    const [, day, clock = ''] = /^(\d{4}-\d\d-\d\d)(?:[T ](.+))?$/.exec(text) ?? [];
    if (day === undefined) throw wrong(text);
    const fromMs = Date.parse(`${day}T${clock === '' ? '00:00' : clock}`);
    if (Number.isNaN(fromMs)) throw wrong(text);
    const untilMs = clock === '' ? endOfDay(fromMs) : fromMs + (/^\d\d:\d\d$/.test(clock) ? minuteMs - 1 : 0);
    return { spanAt: () => ({ fromMs, untilMs }) };
  },
};

/** Where clocks are put forward or back a day has not 24 hours. */
function endOfDay(fromMs: number): number {
  const next = new Date(fromMs);
  next.setDate(next.getDate() + 1);
  return next.getTime() - 1;
}

const wrong = (text: string): InvalidValueError =>
  new InvalidValueError(
    `"${text}" is no time; write 2026-11-17, 2026-11-17 14:30, 2026-11-17T14:30:00Z, or 3d for so long ago`,
  );
