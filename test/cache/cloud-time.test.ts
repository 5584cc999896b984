import test from 'ava';
import { CloudTime } from '../../src/cache/cloud-time.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const noon = Date.parse('2026-11-21T12:00:00Z');

function stageOf(wallClock = noon) {
  const hands = { now: 5000, wallClock };
  const time = new CloudTime({ now: () => hands.now, wallClock: () => hands.wallClock });
  const pass = (ms: number): void => {
    hands.now += ms;
    hands.wallClock += ms;
  };
  return { hands, time, pass };
}
const date = (time: number) => new Date(time).toUTCString();

test('without any word of the cloud the node’s clock counts, and nothing is odd about it', (t) => {
  const { time, pass } = stageOf();
  pass(minute);
  t.is(time.now(), noon + minute);
  t.false(time.isCertain);
  t.is(time.doubt, undefined);
});

test('a clock that agrees with the cloud is taken as it is, to the millisecond', (t) => {
  const { time } = stageOf(noon + 1234);
  time.heard(date(noon));
  t.is(time.now(), noon + 1234);
  t.true(time.isCertain);
  t.is(time.doubt, undefined);
});

test('once the cloud was heard, setting the node’s clock moves nothing', (t) => {
  for (const jump of [40 * day, -20_000 * day]) {
    const { hands, time, pass } = stageOf();
    time.heard(date(noon));
    hands.wallClock += jump;
    pass(minute);
    t.is(time.now(), noon + minute);
    t.regex(time.doubt!, jump > 0 ? /40 days after the cloud's/ : /20000 days before the cloud's/);
    hands.wallClock -= jump;
    t.is(time.doubt, undefined);
  }
});

test('a clock that was wrong from the start is put right by the first answer', (t) => {
  const { time, pass } = stageOf(0);
  time.heard(date(noon));
  pass(minute);
  t.is(time.now(), noon + minute);
  t.regex(time.doubt!, /1970-01-01/);
});

test('a node that starts in 1970 is not before the last contact with the cloud', (t) => {
  const { time, pass } = stageOf(0);
  time.restore(noon);
  pass(minute);
  t.is(time.now(), noon + minute);
  t.false(time.isCertain);
  t.regex(time.doubt!, /1970-01-01.*last heard at 2026-11-21T12:00:00.000Z.*wrong/);
});

test('a clock more than 30 days after the last contact is believed, and said', (t) => {
  const { hands, time } = stageOf(noon + 29 * day);
  time.restore(noon);
  t.is(time.doubt, undefined);
  hands.wallClock = noon + 40 * day;
  t.is(time.now(), noon + 40 * day);
  t.regex(time.doubt!, /40 days after the cloud was last heard.*not honoured, but kept/);
});

test('a Date that cannot be read says nothing', (t) => {
  const { time } = stageOf();
  for (const odd of [undefined, '', 'soon', ['a', 'b']]) time.heard(odd);
  t.false(time.isCertain);
  t.is(time.lastContact, undefined);
});

test('a clock beyond all times is said without failing', (t) => {
  const { time } = stageOf(9e15);
  time.restore(noon);
  t.regex(time.doubt!, /nothing that is a time/);
});
