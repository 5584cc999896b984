// Brings everything that is owed to the cloud once it is back, before anything is read anew: in the order of
// replay-order.ts, side by side where the order does not matter, at a bounded rate.
//
// Promise: an entry leaves the outbox only when the cloud has it or it is parked where people see it; one that cannot be
// sent now never holds up the others.
import type { ClusterCheck, LinkGate, Timing } from '../reflector.ts';
import type { Cloud } from './cloud.ts';
import { isEvent, type OutboxEntry } from './entry.ts';
import type { Outbox } from './outbox.ts';
import { Pace } from './pace.ts';
import { type ReplayOutcome, replayEntry } from './replay-entry.ts';
import { replayOrder } from './replay-order.ts';

export interface ReplayEvents {
  /** The cloud has it, or it has become pointless there. */
  done(entry: OutboxEntry, outcome: Extract<ReplayOutcome, { kind: 'done' }>): void;
  /** The replay goes on when it resolves. */
  parked(entry: OutboxEntry): Promise<void>;
  /** One line per round: it began, or could not go on. */
  began(pending: number): void;
  interrupted(error: unknown, left: number): void;
  ended(sent: number): void;
}

export interface ReplayerOptions {
  readonly outbox: Outbox;
  readonly cloud: Cloud;
  readonly link: LinkGate;
  readonly cluster: ClusterCheck;
  readonly timing: Timing;
  /** What is renewed before anything else, if there is something: the node's Lease. */
  readonly first: (signal: AbortSignal) => Promise<void>;
  /** Requests per second; Infinity for as fast as the cloud answers. Events go at a tenth of it at most, and five. */
  readonly perSecond: number;
  /** A round begins after a random part of this time: a whole fleet comes back at once. */
  readonly jitterMs: number;
  readonly events: ReplayEvents;
}

const sideBySide = 8;
const retryLimitMs = 30_000;

export class Replayer {
  readonly #o: ReplayerOptions;
  readonly #pace: Pace;
  readonly #eventPace: Pace;
  /** Sequence → not before; and how often the cloud has put it off. */
  readonly #putOff = new Map<number, { readonly until: number; readonly times: number }>();
  #wake: () => void = () => {};
  #isRunning = false;

  constructor(options: ReplayerOptions) {
    this.#o = options;
    this.#pace = new Pace(options.perSecond, options.timing);
    this.#eventPace = new Pace(Math.min(5, options.perSecond / 10), options.timing);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Something new is owed, or an entry was put back. */
  poke(): void {
    this.#wake();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { link, outbox, timing, cluster, events, jitterMs, first } = this.#o;
    let isFresh = true;
    while (!signal.aborted) {
      try {
        await link.whenOnline(signal);
        if (isFresh) await timing.sleep(timing.random() * jitterMs, signal);
        await cluster.verify(signal);
        await first(signal);
        isFresh = false;
        if (outbox.pending.length === 0) await this.#nap(Number.POSITIVE_INFINITY, signal);
        else await this.#round(signal);
      } catch (error) {
        if (signal.aborted) return;
        isFresh = true;
        cluster.doubt();
        events.interrupted(error, outbox.pending.length);
        await this.#nap(1000, signal);
      }
      if (!link.isOnline) isFresh = true;
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { outbox, events, timing } = this.#o;
    const now = timing.now();
    const chains = replayOrder(outbox.pending).filter(
      ([head]) => (this.#putOff.get(head!.sequence)?.until ?? 0) <= now,
    );
    const urgent = chains.filter(([head]) => !isEvent(head!));
    if (chains.length === 0) {
      await this.#nap(this.#nextTurnMs(now), signal);
      return;
    }
    this.#isRunning = true;
    try {
      if (urgent.length > 0) {
        events.began(urgent.length);
        events.ended(await this.#sendAll(urgent, this.#pace, signal));
        return; // what came in meanwhile goes before the Events
      }
      await this.#sendAll(chains.slice(0, sideBySide), this.#eventPace, signal);
    } finally {
      this.#isRunning = false;
    }
  }

  async #sendAll(chains: readonly (readonly OutboxEntry[])[], pace: Pace, signal: AbortSignal): Promise<number> {
    let next = 0;
    let sent = 0;
    const failed = new AbortController();
    const both = AbortSignal.any([signal, failed.signal]);
    const worker = async (): Promise<void> => {
      while (next < chains.length && !both.aborted) {
        const batch = chains.slice(next, next + batchSize);
        next += batch.length;
        // One sync for many; those that wait in the batch are looked at before they are sent, should the hub die meanwhile.
        await this.#o.outbox.markSent(batch.map(([head]) => this.#o.outbox.get(head!.sequence)).filter(isQueued));
        for (const chain of batch) sent += await this.#sendChain(chain, pace, both);
      }
    };
    const workers = Array.from({ length: Math.min(sideBySide, chains.length) }, () =>
      worker().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(workers);
    const rejected = outcomes.find(({ status }) => status === 'rejected');
    if (rejected !== undefined) throw failed.signal.reason ?? (rejected as PromiseRejectedResult).reason;
    return sent;
  }

  /** One object's writes in their order. Stops at the first that cannot be sent now. */
  async #sendChain(chain: readonly OutboxEntry[], pace: Pace, signal: AbortSignal): Promise<number> {
    const { outbox, cloud } = this.#o;
    let sent = 0;
    for (const { sequence } of chain) {
      // As it is now: it may have been folded, or given the cloud's uid, while it waited.
      const entry = outbox.get(sequence);
      if (entry === undefined || entry.state === 'parked') continue;
      await pace.turn(signal);
      const wasSent = chain[0]?.sequence === sequence ? chain[0].state === 'sent' : entry.state === 'sent';
      if (entry.state === 'queued') await outbox.markSent([entry]);
      const outcome = await replayEntry(cloud, { ...entry, state: wasSent ? 'sent' : 'queued' }, signal);
      if (!(await this.#conclude(entry, outcome))) return sent;
      sent += 1;
    }
    return sent;
  }

  async #conclude(entry: OutboxEntry, outcome: ReplayOutcome): Promise<boolean> {
    const { outbox, events, timing } = this.#o;
    if (outcome.kind === 'later') {
      const times = (this.#putOff.get(entry.sequence)?.times ?? 0) + 1;
      const waitMs = Math.max(outcome.afterMs, Math.min(retryLimitMs, 250 * 2 ** times)) * (0.75 + timing.random() / 2);
      this.#putOff.set(entry.sequence, { until: timing.now() + waitMs, times });
      return false;
    }
    this.#putOff.delete(entry.sequence);
    const hasTaken = outcome.kind === 'parked' || outcome.reason === 'applied';
    if (hasTaken && entry.op !== 'delete' && outcome.object !== undefined) {
      await outbox.renameUid(entry, outcome.object);
    }
    if (outcome.kind === 'done') {
      await outbox.settle([entry]);
      events.done(entry, outcome);
      return true;
    }
    const { kind: _kind, object: _object, ...parked } = outcome;
    await events.parked(await outbox.park(entry, { ...parked, at: timing.wallClock() }));
    return true;
  }

  #nextTurnMs(now: number): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { until } of this.#putOff.values()) soonest = Math.min(soonest, until - now);
    return Math.max(50, soonest);
  }

  /** Until something new is owed, or so long. */
  async #nap(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const ending = AbortSignal.any([signal, woken.signal]);
    try {
      if (Number.isFinite(ms)) await this.#o.timing.sleep(ms, ending);
      else await new Promise<void>((resolve) => ending.addEventListener('abort', () => resolve(), { once: true }));
    } catch (error) {
      if (!ending.aborted) throw error;
    } finally {
      this.#wake = () => {};
    }
  }
}

/** So many are marked as sent with one sync. */
const batchSize = 16;

function isQueued(entry: OutboxEntry | undefined): entry is OutboxEntry {
  return entry?.state === 'queued';
}
