import test from 'ava';
import fc from 'fast-check';
import {
  type Connectivity,
  type LinkEvent,
  nextTickAt,
  startConnectivity,
  step,
  type Tick,
} from '../../src/hub/connectivity.ts';
import { pace } from '../../src/hub/server-link.ts';

const servers = ['a', 'b'] as const;
const types = [
  'request-answered',
  'request-refused',
  'request-broke',
  'request-silent',
  'probe-answered',
  'probe-failed',
  'probe-timed-out',
  'tick',
] as const;

const happening = fc.record({
  type: fc.constantFrom(...types),
  server: fc.constantFrom(...servers),
  /** Until this one. */
  gapMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 3000 }), fc.nat({ max: 20_000 })),
  waitedMs: fc.integer({ min: 1500, max: 30_000 }),
});
type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;
const randoms = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));

function eventOf({ type, server, waitedMs }: Happening, at: number): LinkEvent | Tick {
  switch (type) {
    case 'tick':
      return { type, at };
    case 'request-silent':
      return { type, server, at, waitedMs };
    case 'probe-answered':
      return { type, server, at, isReady: true };
    case 'request-refused':
    case 'request-broke':
    case 'probe-failed':
      return { type, server, at, because: 'x' };
    default:
      return { type, server, at };
  }
}

test('never online without an answer; offline always gives the connections up', (t) => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), randoms, (happenings, random) => {
      let now = startConnectivity(servers, 0);
      let at = 0;
      for (const one of happenings) {
        at += one.gapMs;
        const event = eventOf(one, at);
        const { next, actions } = step(now, event, () => random.next().value);
        next.servers.forEach((link, i) => {
          const was = now.servers[i]!;
          if (link.state === 'online' && was.state !== 'online') t.true(event.type.endsWith('answered'), event.type);
          const drains = actions.some((action) => action.type === 'drain' && action.server === link.name);
          t.is(drains, link.state === 'offline' && was.state !== 'offline');
        });
        t.is(next.since === at || next.since === now.since, true);
        now = next;
      }
    }),
  );
});

test('whatever happens, probes of one server begin at least 250 ms apart, and one is always to come', (t) => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 80 }), randoms, (happenings, random) => {
      let now = startConnectivity(['a'], 0);
      let at = 0;
      let last = Number.NEGATIVE_INFINITY;
      for (const one of happenings) {
        at += one.gapMs;
        const { next, actions } = step(now, eventOf({ ...one, server: 'a' }, at), () => random.next().value);
        for (const action of actions) {
          if (action.type !== 'probe') continue;
          t.true(at - last >= pace.probeGapMs, `${at - last} ms`);
          last = at;
        }
        now = next;
        t.true(nextTickAt(now) - at <= 20_000, 'the machine never sleeps for good');
      }
    }),
  );
});

/** Requests that wait, as they are reported: at 1.5 s and again each 1.5 s. */
function silences(sentAt: number, until: number): LinkEvent[] {
  const out: LinkEvent[] = [];
  for (let at = sentAt + 1500; at <= until; at += 1500)
    out.push({ type: 'request-silent', server: 'a', at, waitedMs: at - sentAt });
  return out;
}

/** Plays events in the order of their time, ticking when the machine asks for it. */
function play(
  now: Connectivity,
  events: readonly (LinkEvent | Tick)[],
  until: number,
  onStep: (now: Connectivity, at: number) => boolean,
): void {
  const queue = events.toSorted((x, y) => x.at - y.at);
  for (;;) {
    const tickAt = nextTickAt(now);
    const next = queue[0];
    const event: LinkEvent | Tick = next !== undefined && next.at <= tickAt ? next : { type: 'tick', at: tickAt };
    if (event === next) queue.shift();
    if (event.at > until) return;
    now = step(now, event, () => 0.5).next;
    if (!onStep(now, event.at)) return;
  }
}

test('into a black hole: offline within 5 s of the first request that waits, or of the last answer if that came later', (t) => {
  const times = (min: number, max: number) => fc.array(fc.integer({ min, max }), { maxLength: 8 });
  const goodProbeMs = fc.integer({ min: 1, max: 2500 });
  fc.assert(
    fc.property(
      times(4000, 20_000),
      times(4000, 20_000),
      fc.integer({ min: 4000, max: 20_000 }),
      times(4000, 25_000),
      goodProbeMs,
      (answers, sent, hole, breaks, probeMs) => {
        let now = startConnectivity(['a'], 0);
        now = step(now, { type: 'tick', at: 0 }, () => 0).next;
        now = step(now, { type: 'probe-answered', server: 'a', at: probeMs, isReady: true }, () => 0).next;
        const heard = answers.filter((at) => at < hole);
        const lastAnswer = Math.max(probeMs, ...heard);
        // At least one request goes into the hole; those before it may be slow ones that were never answered.
        const waiting = [...sent, hole];
        const events: LinkEvent[] = [
          ...heard.map((at): LinkEvent => ({ type: 'request-answered', server: 'a', at })),
          ...waiting.flatMap((at) => silences(at, 60_000)),
          ...breaks
            .filter((at) => at >= hole)
            .map((at): LinkEvent => ({ type: 'request-broke', server: 'a', at, because: 'x' })),
        ];
        const due = Math.max(Math.min(...waiting), lastAnswer) + 5000;
        let offlineAt = Number.POSITIVE_INFINITY;
        play(now, events, 60_000, (state, at) => {
          if (state.state !== 'offline') return true;
          offlineAt = at;
          return false;
        });
        t.true(offlineAt <= due, `offline at ${offlineAt}, due at ${due}`);
      },
    ),
    { numRuns: 500 },
  );
});

test('a slow link that was online never flaps to offline while its probes are answered within their limit', (t) => {
  const slow = fc.record({
    probeMs: fc.integer({ min: 1, max: 1999 }),
    sent: fc.array(fc.nat({ max: 60_000 }), { maxLength: 10 }),
  });
  fc.assert(
    fc.property(slow, ({ probeMs, sent }) => {
      let now = startConnectivity(['a'], 0);
      let wasOnline = false;
      const queue: (LinkEvent | Tick)[] = sent.flatMap((at) => silences(at, at + 20_000));
      for (let at = 0; at < 80_000; ) {
        queue.sort((x, y) => x.at - y.at);
        const next = queue[0];
        const tickAt = nextTickAt(now);
        const event = next !== undefined && next.at <= tickAt ? next : ({ type: 'tick', at: tickAt } as const);
        if (event === next) queue.shift();
        at = event.at;
        const stepped = step(now, event, () => 0.5);
        if (stepped.actions.some(({ type }) => type === 'probe')) {
          queue.push({ type: 'probe-answered', server: 'a', at: at + probeMs, isReady: true });
        }
        wasOnline ||= stepped.next.state === 'online';
        now = stepped.next;
        if (wasOnline) t.not(now.state, 'offline');
      }
      t.true(wasOnline);
    }),
    { numRuns: 200 },
  );
});

test('a refused link is offline after one refused probe, in no time of its own', (t) => {
  let now = startConnectivity(['a'], 0);
  now = step(now, { type: 'tick', at: 0 }, () => 0).next;
  now = step(now, { type: 'probe-answered', server: 'a', at: 1, isReady: true }, () => 0).next;
  const doubted = step(now, { type: 'request-refused', server: 'a', at: 9000, because: 'connection-refused' }, () => 0);
  t.deepEqual(
    doubted.actions.map(({ type }) => type),
    ['probe'],
  );
  t.is(
    step(doubted.next, { type: 'probe-failed', server: 'a', at: 9001, because: 'connection-refused' }, () => 0).next
      .state,
    'offline',
  );
});
