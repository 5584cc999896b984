import test from 'ava';
import { nodeCredential } from '../../../src/cache/credential.ts';
import type { CloudAnswer, CloudRequest } from '../../../src/cache/outbox/cloud.ts';
import { Pace } from '../../../src/cache/outbox/pace.ts';

const { signal } = new AbortController();
const request: CloudRequest = { credential: nodeCredential, method: 'GET', path: '/', userAgent: '', signal };

/** Time that passes only by sleeping. */
class Clock {
  time = 1_000_000;
  now(): number {
    return this.time;
  }
  random(): number {
    return 0.5;
  }
  async sleep(ms: number): Promise<void> {
    this.time += ms;
  }
}

const answer = (statusCode: number, headers: CloudAnswer['headers'] = {}): CloudAnswer => ({
  statusCode,
  headers,
  body: Buffer.alloc(0),
});

async function turns(pace: Pace, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await pace.turn(signal);
}

test('turns are spread evenly at the beginning rate, a tenth of what is allowed', async (t) => {
  const clock = new Clock();
  const pace = new Pace(100, clock);
  await turns(pace, 101);
  // A tenth of a second is given for a start.
  t.true(Math.abs(clock.time - 1_000_000 - 9_900) < 1);
});

test('requests beyond the one of a turn delay the next turn', async (t) => {
  const clock = new Clock();
  const pace = new Pace(100, clock);
  const cloud = pace.listening({ send: async () => answer(404) });
  await turns(pace, 2);
  const before = clock.time;
  for (let index = 0; index < 2 + 5; index++) await cloud.send(request);
  await pace.turn(signal);
  t.true(clock.time - before > 400 && clock.time - before < 700, `${clock.time - before}`);
});

test('nobody gets a turn before the pause that the cloud has asked for is over, whoever waited already', async (t) => {
  const clock = new Clock();
  const pace = new Pace(Number.POSITIVE_INFINITY, clock);
  const cloud = pace.listening({ send: async () => answer(429, { 'retry-after': '2' }) });
  await pace.turn(signal);
  await cloud.send(request);
  t.true(pace.isPaused);
  t.true(pace.wasRefused);
  const refusedAt = clock.time;
  await Promise.all([pace.turn(signal), pace.turn(signal)]);
  t.is(clock.time - refusedAt, 3000);
  t.false(pace.isPaused);
});

test('what the cloud had no time for lowers the rate, and a new beginning forgets that but not the pause', async (t) => {
  const clock = new Clock();
  const pace = new Pace(100, clock);
  const cloud = pace.listening({ send: async () => answer(503, { 'retry-after': '30' }) });
  await cloud.send(request);
  t.is(pace.perSecond, 5);
  pace.begin();
  t.is(pace.perSecond, 10);
  t.false(pace.wasRefused);
  t.true(pace.isPaused);
  pace.begin('slowly');
  t.true(pace.perSecond < 1);
});

test('who waits for a turn leaves when the signal aborts, and keeps nobody else waiting', async (t) => {
  const pace = new Pace(1, {
    now: () => 0,
    random: () => 0,
    sleep: (_ms, ended) =>
      new Promise((_resolve, reject) => ended.addEventListener('abort', () => reject(ended.reason), { once: true })),
  });
  await pace.turn(signal);
  const leaving = new AbortController();
  const waiting = [1, 2].map(() => t.throwsAsync(pace.turn(leaving.signal), { message: 'the link is gone' }));
  await new Promise((resolve) => setImmediate(resolve));
  leaving.abort(new Error('the link is gone'));
  await Promise.all(waiting);
  await t.throwsAsync(pace.turn(AbortSignal.abort(new Error('too late'))), { message: 'too late' });
});
