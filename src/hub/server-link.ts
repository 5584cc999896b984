// What is believed about one server, and how each event changes it. Pure; a part of connectivity.ts.
import type { LinkAction, LinkEvent, LinkState, Tick } from './connectivity.ts';

export interface ServerLink {
  readonly name: string;
  readonly state: LinkState;
  readonly since: number;
  /** Why it is in this state, for people. */
  readonly reason: string;
  /** In a word, of `failureReason`, where a failure is why; '' otherwise. */
  readonly failure: string;
  /** The last probe said that the apiserver is ready, not merely there. */
  readonly isReady: boolean;
  readonly lastAnsweredAt: number;
  readonly lastSilentAt: number;
  readonly probe: RunningProbe | undefined;
  readonly lastProbeAt: number;
  /** When the next one begins, while none is running. */
  readonly nextProbeAt: number;
  readonly failedProbes: number;
  /** How long the last good one took. */
  readonly goodProbeMs: number;
  /** How long the first probe decides nothing. */
  readonly startingLimitMs: number;
}

export interface RunningProbe {
  readonly startedAt: number;
  readonly timesOutAt: number;
}

export const pace = {
  /** Online and nobody asked anything for so long: probe. */
  idleMs: 10_000,
  /** While a request waits, the server must be heard of this often. */
  heardEveryMs: 1_500,
  probeLimitMs: 2_000,
  /** Where good probes are slow. With the 1.5 s that a request waits first, and the gap, still within 5 s. */
  longestProbeLimitMs: 3_000,
  /** Who asks a hub that has just started waits so long, then the store counts, until the same probe is answered. */
  startingLimitMs: 800,
  /**
   * The same where the store knows the node and its pods. A kubelet that boots looks for its Node right away and then once
   * a second: to be late costs a whole one. Three round trips of most links.
   */
  knownStartingLimitMs: 250,
  /** Offline nobody waits for the probe, so a slow link gets the time it needs to come back. */
  offlineProbeLimitMs: 6_000,
  /** Between the beginnings of two probes, whatever happens. */
  probeGapMs: 250,
  offlineFirstMs: 1_000,
  offlineGrowth: 1.6,
  /** kubelet looks only every 10 s whether the cloud has its truth, which is to be there 15 s after the link is. */
  offlineLongestMs: 3_000,
} as const;

type Why = Pick<ServerLink, 'reason' | 'failure'>;

const without = (reason: string): Why => ({ reason, failure: '' });
const failed = (what: string, failure: string): Why => ({ reason: `${what}: ${failure}`, failure });

interface Context {
  readonly actions: LinkAction[];
  random(): number;
}

export function stepServer(link: ServerLink, event: LinkEvent | Tick, context: Context): ServerLink {
  switch (event.type) {
    case 'tick':
      return tick(link, event.at, context);
    case 'request-answered':
      return requestAnswered(link, event.at, context);
    case 'request-refused':
      return doubt(link, event.at, failed('request refused', event.because), context);
    case 'request-broke':
      return doubt(link, event.at, failed('connection broke', event.because), context);
    case 'request-silent':
      return requestSilent(link, event, context);
    case 'probe-answered':
      return link.probe === undefined ? link : probeAnswered(link, link.probe, event, context);
    case 'probe-failed':
      return probeFailed(link, event.at, failed('probe failed', event.because), context);
    case 'probe-timed-out':
      return probeTimedOut(link, event.at, context);
  }
}

function tick(link: ServerLink, at: number, context: Context): ServerLink {
  if (link.probe === undefined) return at < link.nextProbeAt ? link : startProbe(link, at, context);
  return at < link.probe.timesOutAt ? link : probeTimedOut(link, at, context);
}

function requestAnswered(link: ServerLink, at: number, context: Context): ServerLink {
  const heard = { ...link, lastAnsweredAt: Math.max(link.lastAnsweredAt, at) };
  switch (link.state) {
    case 'online':
      return { ...heard, nextProbeAt: Math.max(at + pace.idleMs, link.nextProbeAt) };
    case 'offline':
      // A straggler, or a sign that it is back: the probe will tell.
      return probeSoon(heard, at, context);
    default:
      return enter({ ...heard, nextProbeAt: at + pace.idleMs }, 'online', at, without('a request was answered'));
  }
}

/** Something went wrong with a request: one probe decides. */
function doubt(link: ServerLink, at: number, why: Why, context: Context): ServerLink {
  if (link.state === 'offline') return link;
  const doubted = link.state === 'online' ? enter(link, 'suspect', at, why) : link;
  return probeSoon(doubted, at, context);
}

function requestSilent(
  link: ServerLink,
  { at, waitedMs }: Extract<LinkEvent, { type: 'request-silent' }>,
  context: Context,
): ServerLink {
  const noted = { ...link, lastSilentAt: at };
  const answeredSince = link.lastAnsweredAt > at - waitedMs;
  if (link.state !== 'online' || !answeredSince) {
    return doubt(noted, at, without(`request silent for ${Math.round(waitedMs)} ms`), context);
  }
  // The server answered others while this one waited: slow, not gone. But it must go on being heard.
  const dueAt = Math.min(link.nextProbeAt, link.lastAnsweredAt + pace.heardEveryMs);
  return probeAt(noted, dueAt, at, context);
}

function probeAnswered(
  link: ServerLink,
  probe: RunningProbe,
  { at, isReady }: Extract<LinkEvent, { type: 'probe-answered' }>,
  context: Context,
): ServerLink {
  const heard = {
    ...link,
    isReady,
    lastAnsweredAt: Math.max(link.lastAnsweredAt, at),
    probe: undefined,
    failedProbes: 0,
    goodProbeMs: at - probe.startedAt,
    nextProbeAt: at + pace.idleMs,
  };
  if (link.state === 'online') return heard;
  if (link.state === 'suspect') context.actions.push({ type: 'renew', server: link.name });
  return enter(heard, 'online', at, without(`probe answered${isReady ? '' : ', the apiserver is not ready yet'}`));
}

function probeFailed(link: ServerLink, at: number, why: Why, context: Context): ServerLink {
  const { probe } = link;
  if (probe === undefined) return link;
  const next = { ...link, probe: undefined, isReady: false, failedProbes: link.failedProbes + 1 };
  switch (link.state) {
    case 'online': {
      const isHeard = link.lastAnsweredAt >= probe.startedAt && at - link.lastAnsweredAt < pace.probeLimitMs;
      if (isHeard) return probeAt({ ...next, failedProbes: 0 }, link.lastAnsweredAt + pace.heardEveryMs, at, context);
      // Two things without an answer are enough; of one alone, ask again.
      if (link.lastSilentAt > link.lastAnsweredAt) return goOffline(next, at, why, context);
      return probeSoon(enter(next, 'suspect', at, why), at, context);
    }
    case 'offline': {
      const delayMs = Math.min(pace.offlineLongestMs, pace.offlineFirstMs * pace.offlineGrowth ** link.failedProbes);
      return { ...next, ...why, nextProbeAt: at + jittered(delayMs, context) };
    }
    default:
      return goOffline(next, at, why, context);
  }
}

function probeTimedOut(link: ServerLink, at: number, context: Context): ServerLink {
  const { probe } = link;
  if (probe === undefined) return link;
  const waitedMs = Math.round(at - probe.startedAt);
  if (link.state !== 'starting') return probeFailed(link, at, without(`probe timed out after ${waitedMs} ms`), context);
  const patient = { ...probe, timesOutAt: probe.startedAt + pace.offlineProbeLimitMs };
  const why = without(`probe not answered within ${waitedMs} ms`);
  return { ...goOffline(link, at, why, context), probe: patient };
}

function goOffline(link: ServerLink, at: number, why: Why, context: Context): ServerLink {
  context.actions.push({ type: 'drain', server: link.name });
  const nextProbeAt = at + jittered(pace.offlineFirstMs, context);
  return enter({ ...link, failedProbes: 0, nextProbeAt }, 'offline', at, why);
}

function enter(link: ServerLink, state: LinkState, at: number, why: Why): ServerLink {
  return { ...link, ...why, state, since: at };
}

/** Now if the gap allows. A running probe is kept, but must hurry if somebody waits. */
function probeSoon(link: ServerLink, at: number, context: Context): ServerLink {
  if (link.probe !== undefined) {
    const timesOutAt = Math.min(link.probe.timesOutAt, at + probeLimitMs(link));
    return { ...link, probe: { ...link.probe, timesOutAt } };
  }
  const earliest = link.lastProbeAt + pace.probeGapMs;
  return earliest <= at ? startProbe(link, at, context) : { ...link, nextProbeAt: earliest };
}

function probeAt(link: ServerLink, dueAt: number, at: number, context: Context): ServerLink {
  return dueAt <= at ? probeSoon(link, at, context) : { ...link, nextProbeAt: dueAt };
}

function startProbe(link: ServerLink, at: number, context: Context): ServerLink {
  const limitMs = probeLimitMs(link);
  context.actions.push({ type: 'probe', server: link.name, limitMs });
  return { ...link, probe: { startedAt: at, timesOutAt: at + limitMs }, lastProbeAt: at };
}

function probeLimitMs({ state, goodProbeMs, startingLimitMs }: ServerLink): number {
  if (state === 'offline') return pace.offlineProbeLimitMs;
  if (state === 'starting') return startingLimitMs;
  return Math.min(pace.longestProbeLimitMs, Math.max(pace.probeLimitMs, 2 * goodProbeMs));
}

/** Ten thousand nodes lose the cloud at the same moment; they must not all ask again at the same moment. */
function jittered(ms: number, { random }: Context): number {
  return ms * (0.75 + 0.5 * random());
}
