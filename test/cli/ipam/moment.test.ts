import test from 'ava';
import { moment } from '../../../src/cli/ipam/moment.ts';
import { InvalidValueError } from '../../../src/hub/option-types.ts';

const surroundings = { directory: '/', homeDirectory: '/root', hostName: 'edge-7', isRoot: true };
const nowMs = Date.UTC(2026, 10, 21, 10);
const span = (text: string) => moment.parse(text, surroundings).spanAt(nowMs);

test('a moment is as long as it is written', (t) => {
  const noonMs = Date.UTC(2026, 10, 17, 12);
  t.deepEqual(span('2026-11-17T12:00:00Z'), { fromMs: noonMs, untilMs: noonMs });
  t.deepEqual(span('2026-11-17 12:00:00+00:00'), { fromMs: noonMs, untilMs: noonMs });
  t.deepEqual(span('3d'), { fromMs: nowMs - 3 * 86_400_000, untilMs: nowMs - 3 * 86_400_000 });
  const day = span('2026-11-17');
  t.deepEqual(day, { fromMs: new Date(2026, 10, 17).getTime(), untilMs: new Date(2026, 10, 18).getTime() - 1 });
  const minute = span('2026-11-17 14:30');
  t.deepEqual(minute, {
    fromMs: new Date(2026, 10, 17, 14, 30).getTime(),
    untilMs: new Date(2026, 10, 17, 14, 31).getTime() - 1,
  });
});

test('what is no time is refused', (t) => {
  for (const text of ['Tuesday', '2026-13-01', '17.11.2026', '2026-11-17 25:00', '3']) {
    t.throws(() => span(text), { instanceOf: InvalidValueError }, text);
  }
});
