import test from 'ava';
import {
  type Connectivity,
  failuresOf,
  type LinkEvent,
  type LinkState,
  nextTickAt,
  startConnectivity,
  step,
  type Tick,
} from '../../src/hub/connectivity.ts';
import { pace } from '../../src/hub/server-link.ts';

const server = 'a:6443';
const begin = 1_000_000;
const half = () => 0.5;

type EventType = (LinkEvent | Tick)['type'];
interface Expected {
  readonly to: LinkState;
  readonly does: string;
  readonly because?: RegExp;
}

function after(state: Connectivity, ...events: readonly (LinkEvent | Tick)[]): Connectivity {
  return events.reduce((now, event) => step(now, event, half).next, state);
}

const answered = (at: number): LinkEvent => ({ type: 'probe-answered', server, at, isReady: true });
const refused = (at: number): LinkEvent => ({ type: 'request-refused', server, at, because: 'connection-refused' });
const failed = (at: number): LinkEvent => ({ type: 'probe-failed', server, at, because: 'connection-refused' });
const silent = (at: number, waitedMs = 1500): LinkEvent => ({ type: 'request-silent', server, at, waitedMs });
const requestAnswered = (at: number): LinkEvent => ({ type: 'request-answered', server, at });
const tick = (at: number): Tick => ({ type: 'tick', at });

const starting = after(startConnectivity([server], begin), tick(begin));
const online = after(starting, answered(begin + 20));
const suspect = after(online, refused(begin + 5000));
const offline = after(suspect, failed(begin + 5010));
/** Each with a probe under way, so that it can be answered. */
const probed: Record<LinkState, Connectivity> = {
  starting,
  online: after(online, tick(nextTickAt(online))),
  suspect,
  offline: after(offline, tick(nextTickAt(offline))),
};
/** Requests tell of a link that is quiet otherwise. */
const quiet: Record<LinkState, Connectivity> = { starting, online, suspect, offline };
const at = begin + 8000;

const table: Record<LinkState, Record<EventType, Expected>> = {
  starting: {
    'request-answered': { to: 'online', does: '', because: /request was answered/ },
    'request-refused': { to: 'starting', does: '' },
    'request-broke': { to: 'starting', does: '' },
    'request-silent': { to: 'starting', does: '' },
    'probe-answered': { to: 'online', does: '', because: /probe answered/ },
    'probe-failed': { to: 'offline', does: 'drain', because: /probe failed: connection-refused/ },
    'probe-timed-out': { to: 'offline', does: 'drain', because: /probe not answered/ },
    tick: { to: 'offline', does: 'drain', because: /probe not answered within 800 ms/ },
  },
  online: {
    'request-answered': { to: 'online', does: '' },
    'request-refused': { to: 'suspect', does: 'probe', because: /request refused: connection-refused/ },
    'request-broke': { to: 'suspect', does: 'probe', because: /connection broke: connection-reset/ },
    'request-silent': { to: 'suspect', does: 'probe', because: /request silent for 1500 ms/ },
    'probe-answered': { to: 'online', does: '' },
    'probe-failed': { to: 'suspect', does: 'probe', because: /probe failed/ },
    'probe-timed-out': { to: 'suspect', does: 'probe', because: /probe timed out/ },
    tick: { to: 'suspect', does: 'probe', because: /probe timed out after 2000 ms/ },
  },
  suspect: {
    'request-answered': { to: 'online', does: '', because: /request was answered/ },
    'request-refused': { to: 'suspect', does: '' },
    'request-broke': { to: 'suspect', does: '' },
    'request-silent': { to: 'suspect', does: '' },
    'probe-answered': { to: 'online', does: 'renew', because: /probe answered/ },
    'probe-failed': { to: 'offline', does: 'drain', because: /probe failed: connection-refused/ },
    'probe-timed-out': { to: 'offline', does: 'drain', because: /probe timed out/ },
    tick: { to: 'offline', does: 'drain', because: /probe timed out after 2000 ms/ },
  },
  offline: {
    'request-answered': { to: 'offline', does: 'probe' },
    'request-refused': { to: 'offline', does: '' },
    'request-broke': { to: 'offline', does: '' },
    'request-silent': { to: 'offline', does: '' },
    'probe-answered': { to: 'online', does: '', because: /probe answered/ },
    'probe-failed': { to: 'offline', does: '' },
    'probe-timed-out': { to: 'offline', does: '' },
    tick: { to: 'offline', does: '' },
  },
};

/** Later than the gap between two probes. */
const inProbe = (now: Connectivity) => now.servers[0]!.probe!.startedAt + 300;
const events: Record<EventType, (now: Connectivity) => LinkEvent | Tick> = {
  'request-answered': () => requestAnswered(at),
  'request-refused': () => refused(at),
  'request-broke': () => ({ type: 'request-broke', server, at, because: 'connection-reset' }),
  'request-silent': () => silent(at),
  'probe-answered': (now) => answered(inProbe(now)),
  'probe-failed': (now) => failed(inProbe(now)),
  'probe-timed-out': (now) => ({ type: 'probe-timed-out', server, at: inProbe(now) }),
  tick: (now) => tick(nextTickAt(now)),
};

for (const [state, row] of Object.entries(table) as [LinkState, Record<EventType, Expected>][]) {
  for (const [type, expected] of Object.entries(row) as [EventType, Expected][]) {
    test(`${state}, on ${type}: ${expected.to}${expected.does === '' ? '' : `, and ${expected.does}`}`, (t) => {
      const isOfProbe = type.startsWith('probe-') || type === 'tick';
      const before = isOfProbe ? probed[state] : quiet[state];
      const { next, actions, change } = step(before, events[type](before), half);
      t.is(next.state, expected.to);
      t.is(actions.map((action) => action.type).join(), expected.does);
      t.deepEqual(change?.to, state === expected.to ? undefined : expected.to);
      t.is(change?.from, change === undefined ? undefined : state);
      if (expected.because !== undefined) t.regex(change?.reason ?? '', expected.because);
    });
  }
}

test('the first tick probes every server at once', (t) => {
  const { actions } = step(startConnectivity(['a', 'b'], begin), tick(begin), half);
  t.deepEqual(actions, [
    { type: 'probe', server: 'a', limitMs: 800 },
    { type: 'probe', server: 'b', limitMs: 800 },
  ]);
});

test('online and idle, the server is probed every 10 s; with traffic it is not', (t) => {
  t.is(nextTickAt(online), begin + 20 + 10_000);
  const busy = after(online, requestAnswered(begin + 9000));
  t.is(nextTickAt(busy), begin + 19_000);
  t.is(step(busy, tick(begin + 10_020), half).actions.length, 0);
});

test('a request that waits while others are answered accuses nobody, but the server must go on being heard', (t) => {
  const busy = after(online, requestAnswered(begin + 5000));
  const waiting = step(busy, silent(begin + 5500), half);
  t.is(waiting.next.state, 'online');
  t.is(nextTickAt(waiting.next), begin + 6500);
  const { next, actions } = step(waiting.next, tick(begin + 6500), half);
  t.is(next.state, 'online');
  t.is(actions[0]?.type, 'probe');
  // That probe has no answer either: two things are enough.
  const gone = step(next, tick(begin + 8500), half);
  t.deepEqual([gone.next.state, gone.actions[0]?.type], ['offline', 'drain']);
});

test('a probe without an answer proves nothing when others were answered meanwhile', (t) => {
  const asking = probed.online;
  const { startedAt } = asking.servers[0]!.probe!;
  const { next } = step(after(asking, requestAnswered(startedAt + 100)), tick(startedAt + 2000), half);
  t.is(next.state, 'online');
});

test('an idle probe that is under way when a request becomes silent must hurry', (t) => {
  const slow = after(online, tick(begin + 10_020), {
    type: 'probe-answered',
    server,
    at: begin + 11_500,
    isReady: true,
  });
  const asking = after(slow, tick(nextTickAt(slow)));
  const { startedAt, timesOutAt } = asking.servers[0]!.probe!;
  t.is(timesOutAt - startedAt, 2960, 'where good probes take 1.48 s they get twice that');
  const hurried = after(asking, silent(startedAt + 100, 1600));
  t.true(hurried.servers[0]!.probe!.timesOutAt <= startedAt + 3100);
});

test('a server that is there but not ready is online, and says so', (t) => {
  const { next, change } = step(starting, { type: 'probe-answered', server, at, isReady: false }, half);
  t.is(next.state, 'online');
  t.false(next.servers[0]!.isReady);
  t.regex(change!.reason, /not ready/);
});

test('offline, probes come at growing distances up to 3 s, spread by chance', (t) => {
  const delays = (random: () => number): number[] => {
    let now = step(suspect, failed(begin + 5010), random).next;
    const out: number[] = [];
    let time = begin + 5010;
    for (let i = 0; i < 9; i += 1) {
      out.push(Math.round(nextTickAt(now) - time));
      time = nextTickAt(now);
      now = step(now, tick(time), random).next;
      now = step(now, failed(time), random).next;
    }
    return out;
  };
  t.deepEqual(delays(half), [1000, 1000, 1600, 2560, 3000, 3000, 3000, 3000, 3000]);
  t.is(Math.min(...delays(() => 0)), 750);
  t.true(Math.max(...delays(() => 0.999)) <= 3750);
});

test('a hub that starts counts on its store after 800 ms, and on the cloud once the same probe is answered', (t) => {
  const undecided = step(starting, tick(begin + 799), half);
  t.is(undecided.next.state, 'starting');
  const decided = step(undecided.next, tick(begin + 800), half);
  t.is(decided.next.state, 'offline');
  t.false(decided.actions.some(({ type }) => type === 'probe'));
  t.is(step(decided.next, answered(begin + 1500), half).next.state, 'online');
  const inVain = step(decided.next, tick(begin + pace.offlineProbeLimitMs), half).next;
  t.is(inVain.state, 'offline');
  t.is(inVain.servers[0]!.probe, undefined);
});

test('a hub that starts and knows its node counts on its store after 250 ms', (t) => {
  const known = after(startConnectivity([server], begin, pace.knownStartingLimitMs), tick(begin));
  const undecided = step(known, tick(begin + 249), half);
  t.is(undecided.next.state, 'starting');
  const decided = step(undecided.next, tick(begin + 250), half);
  t.is(decided.next.state, 'offline');
  t.is(step(decided.next, answered(begin + 600), half).next.state, 'online');
});

test('a slow link gets more time for a probe while it is offline, so that it can come back', (t) => {
  const { actions } = step(offline, tick(nextTickAt(offline)), half);
  t.deepEqual(actions, [{ type: 'probe', server, limitMs: pace.offlineProbeLimitMs }]);
});

test('the link is as good as its best server', (t) => {
  const both = after(startConnectivity(['a', 'b'], begin), tick(begin));
  const oneUp = after(both, { type: 'probe-answered', server: 'b', at: begin + 5, isReady: true });
  t.is(oneUp.state, 'online');
  const { next, actions, change } = step(
    oneUp,
    { type: 'probe-failed', server: 'a', at: begin + 6, because: 'no-route' },
    half,
  );
  t.is(next.state, 'online');
  t.is(change, undefined);
  t.deepEqual(actions, [{ type: 'drain', server: 'a' }]);
  const doubted = after(next, { type: 'request-refused', server: 'b', at: begin + 7, because: 'no-route' });
  t.is(doubted.state, 'suspect');
  t.regex(doubted.reason, /\(b\)$/);
});

test('an event of a server that is not there changes nothing', (t) => {
  const { next, actions, change } = step(online, { type: 'request-refused', server: 'z', at, because: 'x' }, half);
  t.deepEqual(next.servers, online.servers);
  t.deepEqual([actions.length, change], [0, undefined]);
});

test('the word for what has failed is that of each server which is offline, and of no name or address', (t) => {
  const named = 'credential-refused.example';
  const words = (now: Connectivity) => [...failuresOf(now.servers)];
  const fails = (server: string, because: string): LinkEvent => ({ type: 'probe-failed', server, at, because });
  const asked = after(startConnectivity([named, 'b'], begin), tick(begin));
  const first = after(asked, fails('b', 'credential-refused'));
  t.deepEqual(words(first), ['credential-refused']);
  const both = after(first, fails(named, 'connection-refused'));
  t.is(both.state, 'offline');
  t.regex(both.reason, /connection-refused \(credential-refused.example\)/, 'the last one is said');
  t.deepEqual(words(both), ['connection-refused', 'credential-refused']);
  const answer: LinkEvent = { type: 'probe-answered', server: 'b', at, isReady: true };
  t.deepEqual(words(after(both, tick(nextTickAt(both)), answer)), ['connection-refused']);
});
