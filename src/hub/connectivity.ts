// Is the cloud there? One pure state machine; what it is told and what it wants done are values.
//
//                 answered                          request refused, broke, silent
//   starting ──────────────────▶ online ◀────────────────────────────────▶ suspect
//       │                           ▲            answered                    │
//       │ probe fails               │ probe answered                         │ probe fails
//       └──────────────────────▶ offline ◀───────────────────────────────────┘
//
// Promises: never online without an answer; once nothing answers, offline within 5 s of the first request that waits;
// any HTTP answer of an apiserver, 500 and 429 too, is an answer; a slow server is not a lost one. (A state `replaying`
// between offline and online will come with the outbox.)
import { pace, type ServerLink, stepServer } from './server-link.ts';

export type LinkState = 'starting' | 'online' | 'suspect' | 'offline';

/** What was seen of one server, and when (clock milliseconds). */
export type LinkEvent =
  | { readonly type: 'request-answered'; readonly server: string; readonly at: number }
  /** No connection could be made, or only a gateway answered. */
  | { readonly type: 'request-refused'; readonly server: string; readonly at: number; readonly because: string }
  /** A connection broke before the response head. */
  | { readonly type: 'request-broke'; readonly server: string; readonly at: number; readonly because: string }
  /** A request has waited so long for its response head. Told again while it does. */
  | { readonly type: 'request-silent'; readonly server: string; readonly at: number; readonly waitedMs: number }
  | { readonly type: 'probe-answered'; readonly server: string; readonly at: number; readonly isReady: boolean }
  | { readonly type: 'probe-failed'; readonly server: string; readonly at: number; readonly because: string }
  | { readonly type: 'probe-timed-out'; readonly server: string; readonly at: number };

/** Time passes: overdue probes time out, due ones begin. */
export interface Tick {
  readonly type: 'tick';
  readonly at: number;
}

export type LinkAction =
  /** Ask the server something on a connection nobody used before; report within `limitMs`. Replaces a running probe. */
  | { readonly type: 'probe'; readonly server: string; readonly limitMs: number }
  /** Give up all connections to it. */
  | { readonly type: 'drain'; readonly server: string }
  /** New requests on new connections: an old one may have died unnoticed. */
  | { readonly type: 'renew'; readonly server: string };

export interface LinkChange {
  readonly from: LinkState;
  readonly to: LinkState;
  readonly reason: string;
}

export interface Connectivity {
  readonly state: LinkState;
  readonly since: number;
  /** Why it is so, for people. */
  readonly reason: string;
  readonly servers: readonly ServerLink[];
}

export interface Step {
  readonly next: Connectivity;
  readonly actions: readonly LinkAction[];
  /** Of the whole link; a server's own state may change without it. */
  readonly change: LinkChange | undefined;
}

/** Nothing is known yet; the first tick probes every server. */
export function startConnectivity(
  servers: readonly string[],
  at: number,
  startingLimitMs: number = pace.startingLimitMs,
): Connectivity {
  const reason = 'no server has been asked yet';
  const links = servers.map(
    (name): ServerLink => ({
      name,
      state: 'starting',
      since: at,
      reason,
      failure: '',
      isReady: false,
      lastAnsweredAt: Number.NEGATIVE_INFINITY,
      lastSilentAt: Number.NEGATIVE_INFINITY,
      probe: undefined,
      lastProbeAt: Number.NEGATIVE_INFINITY,
      nextProbeAt: at,
      failedProbes: 0,
      goodProbeMs: 0,
      startingLimitMs,
    }),
  );
  return { state: 'starting', since: at, reason, servers: links };
}

/** @param random for jitter, 0 <= n < 1 */
export function step(now: Connectivity, event: LinkEvent | Tick, random: () => number): Step {
  const actions: LinkAction[] = [];
  const servers = now.servers.map((link) =>
    event.type === 'tick' || event.server === link.name ? stepServer(link, event, { actions, random }) : link,
  );
  const { state, reason } = overall(servers);
  if (state === now.state) return { next: { ...now, reason, servers }, actions, change: undefined };
  const change = { from: now.state, to: state, reason };
  return { next: { state, since: event.at, reason, servers }, actions, change };
}

/** The next moment at which a tick would do something. */
export function nextTickAt({ servers }: Connectivity): number {
  return Math.min(...servers.map(({ probe, nextProbeAt }) => probe?.timesOutAt ?? nextProbeAt));
}

/** In a word each, why servers are offline whose failure is known. */
export function failuresOf(servers: readonly Pick<ServerLink, 'state' | 'failure'>[]): ReadonlySet<string> {
  return new Set(
    servers.filter(({ state, failure }) => state === 'offline' && failure !== '').map((one) => one.failure),
  );
}

/** The link is as good as its best server. */
function overall(servers: readonly ServerLink[]): { state: LinkState; reason: string } {
  for (const state of ['online', 'suspect', 'starting', 'offline'] as const) {
    const latest = servers.filter((link) => link.state === state).sort((a, b) => b.since - a.since)[0];
    if (latest !== undefined) return { state, reason: `${latest.reason} (${latest.name})` };
  }
  return { state: 'offline', reason: 'there is no server' };
}
