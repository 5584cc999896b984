import type { LookupAddress } from 'node:dns';
import test from 'ava';
import { type LookupCallback, rememberingLookup } from '../../../src/hub/upstream/address-lookup.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
const v4 = { address: '10.0.0.1', family: 4 };
const v6 = { address: 'fd00::1', family: 6 };
const failure = Object.assign(new Error('no'), { code: 'EAI_AGAIN' });

function setUp() {
  const clock = new ManualClock();
  const asked: Answer[] = [];
  const lookup = rememberingLookup(clock, (_name, answer) => asked.push(answer));
  const answers: unknown[] = [];
  const ask = (options = {}) => lookup('cloud', options, ((...args) => answers.push(args)) as LookupCallback);
  return { clock, asked, answers, ask };
}

test('one lookup at a time for a name, however many connections wait for it', (t) => {
  const { asked, answers, ask } = setUp();
  ask();
  ask({ all: true });
  ask({ family: 6 });
  t.is(asked.length, 1);
  asked[0]!(null, [v4, v6]);
  t.deepEqual(answers, [
    [null, v4.address, 4],
    [null, [v4, v6]],
    [null, v6.address, 6],
  ]);
});

test('a failure reaches everybody when nothing is remembered, and the next connection asks again', (t) => {
  const { asked, answers, ask } = setUp();
  ask();
  ask();
  asked[0]!(failure, []);
  t.deepEqual(answers, [
    [failure, []],
    [failure, []],
  ]);
  ask();
  t.is(asked.length, 2);
});

test('a fresh answer is not asked for again', async (t) => {
  const { clock, asked, answers, ask } = setUp();
  ask();
  asked[0]!(null, [v4]);
  clock.advance(29_000);
  ask();
  await new Promise(setImmediate);
  t.is(asked.length, 1);
  t.is(answers.length, 2);
});

test('when the name server does not answer, the address of last time is used soon', (t) => {
  const { clock, asked, answers, ask } = setUp();
  ask();
  asked[0]!(null, [v4]);
  clock.advance(60_000);
  ask();
  t.is(asked.length, 2);
  t.is(answers.length, 1);
  clock.advance(300);
  t.deepEqual(answers[1], [null, v4.address, 4]);
  // Still only one lookup is under way, and its late failure answers nobody twice.
  ask();
  t.is(asked.length, 2);
  asked[1]!(failure, []);
  t.is(answers.length, 3);
  clock.advance(1000);
  t.is(answers.length, 3);
});

test('an address of the wrong family is not handed out', (t) => {
  const { asked, answers, ask } = setUp();
  ask({ family: 6 });
  asked[0]!(null, [v4]);
  t.like(answers[0], { 0: { code: 'ENOTFOUND' } });
});
