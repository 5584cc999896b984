import test from 'ava';
import { Chores } from '../../src/hub/chores.ts';
import { atClockSteps } from '../../src/hub/clock-steps.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { settled } from '../support/scripted-transport.ts';

const yearMs = 365 * 86_400_000;

function setUp() {
  const clock = new ManualClock();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const seen = { steps: 0, aheadMs: 0 };
  const end = atClockSteps(
    { clock, wallClock: () => clock.now() + seen.aheadMs, chores: new Chores(clock, log) },
    async () => {
      seen.steps += 1;
    },
  );
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };
  return { seen, pass, end };
}

test('a clock that is set, forward or back, is noticed within five seconds, and once', async (t) => {
  const { seen, pass } = setUp();
  await pass(5_000);
  t.is(seen.steps, 0);
  for (const [n, aheadMs] of [yearMs, -yearMs, 0, 61_000].entries()) {
    seen.aheadMs = aheadMs;
    await pass(5_000);
    t.is(seen.steps, n + 1);
    await pass(5_000);
    t.is(seen.steps, n + 1);
  }
});

test('what a time server does every day is no step, until it adds up to a minute', async (t) => {
  const { seen, pass } = setUp();
  for (let n = 0; n < 3; n += 1) {
    seen.aheadMs += 15_000;
    await pass(5_000);
  }
  t.is(seen.steps, 0);
  seen.aheadMs += 15_000;
  await pass(5_000);
  t.is(seen.steps, 1);
});

test('nobody looks any more once it was ended', async (t) => {
  const { seen, pass, end } = setUp();
  await end();
  seen.aheadMs = yearMs;
  await pass(60_000);
  t.is(seen.steps, 0);
});
