// Brings everything that is owed to the cloud once it is back, before anything is read anew: in the order of
// replay-order.ts, side by side where the order does not matter, at a bounded rate.
//
// Promise: an entry leaves the outbox only when the cloud has it or it is parked where people see it; one that cannot be
// sent now never holds up the others; nothing is sent before it was seen that this is still the same cluster.
import type { JsonObject } from '../../apimachinery/json.ts';
import { untilEither } from '../until-either.ts';
import { Waiters } from '../waiters.ts';
import { accountOf } from './account-of.ts';
import { ChainSender, type ChainSenderOptions } from './chain-sender.ts';
import { type Chain, isEvent, type WriteTarget } from './entry.ts';
import type { NodeLease } from './node-lease.ts';
import { Pace } from './pace.ts';
import type { Tried } from './put-off.ts';
import type { CatchingUp } from './replay-gate.ts';
import { isOfNode } from './replay-order.ts';

export interface ReplayEvents {
  /** The node's Lease is the cloud's own again. `object`: as it has been renewed; undefined when the cloud refused it. */
  leaseEnded(target: WriteTarget, object: JsonObject | undefined): Promise<void>;
  /** One line per round: it began, and how it ended; see also `interrupted`. */
  began(pending: number): void;
  ended(sent: number): void;
}

export interface TriedSoFar extends Omit<Tried, 'dueAt'> {
  /** Undefined while the link is down. */
  readonly nextInMs: number | undefined;
}

export interface ReplayerOptions extends ChainSenderOptions {
  readonly lease: NodeLease;
  /** Requests per second; Infinity for as fast as the cloud answers. Events go at a tenth of it at most, and five. */
  readonly perSecond: number;
  /** A round begins after a random part of this time: a whole fleet comes back at once. */
  readonly jitterMs: number;
  readonly events: ChainSenderOptions['events'] & ReplayEvents;
}

/** So often in a row the cloud may have no time for what keeps the node alive before anything else is sent. */
const nodePatience = 10;

function isOfEvent([head]: Chain): boolean {
  return isEvent(head!);
}

export class Replayer implements CatchingUp {
  readonly #o: ReplayerOptions;
  /** For the Lease and what the node says of itself: few, and what keeps it from being taken for dead. */
  readonly #firstPace: Pace;
  readonly #pace: Pace;
  readonly #eventPace: Pace;
  readonly #sender: ChainSender;
  #wake: () => void = () => {};
  #isRunning = false;
  /** The link was lost, or is said to have been: nothing of what the cloud has said counts. */
  #isFresh = true;
  #losses: number | undefined;
  #leaseDueAt = 0;
  #isCaughtUp = false;
  /** For all to be tried. */
  readonly #waiters = new Waiters();

  constructor(options: ReplayerOptions) {
    this.#o = options;
    this.#sender = new ChainSender(options);
    this.#firstPace = new Pace(Number.POSITIVE_INFINITY, options.timing, nodePatience);
    this.#pace = new Pace(options.perSecond, options.timing);
    this.#eventPace = new Pace(Math.min(5, options.perSecond / 10), options.timing);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Everything owed but Events was tried since the link came back: concluded, or put off by the cloud. */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp && !this.#wasLost;
  }

  async whenCaughtUp(signal: AbortSignal): Promise<void> {
    while (!this.isCaughtUp) {
      if (this.#wasLost) this.#begin();
      await this.#waiters.wait(signal);
    }
  }

  /** Something new is owed, or an entry was put back. */
  poke(): void {
    if (!this.#o.link.isOnline) this.#begin();
    this.#wake();
  }

  /** The cloud accepts a token of this identity that was not seen before. */
  tokenSeen(identity: string): void {
    if (this.#sender.putOffs.tokenSeen(accountOf(identity))) this.#wake();
  }

  /** Why this one, which was tried, is still owed. */
  triedOf(sequence: number): TriedSoFar | undefined {
    const tried = this.#sender.putOffs.of(sequence);
    if (tried === undefined) return undefined;
    const { dueAt, ...failure } = tried;
    const isDue = dueAt !== undefined && this.#o.link.isOnline && !this.#isFresh;
    return { ...failure, nextInMs: isDue ? Math.max(0, dueAt - this.#o.timing.now()) : undefined };
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { link, outbox, lease, timing, cluster, events, jitterMs } = this.#o;
    while (!signal.aborted) {
      try {
        if (!link.isOnline || this.#wasLost) this.#begin();
        await link.whenOnline(signal);
        if (this.#isFresh) {
          if (link.losses !== this.#losses) lease.begin();
          this.#losses = link.losses;
          if (jitterMs > 0 && this.#isOwing) await timing.sleep(timing.random() * jitterMs, signal);
          this.#sender.begin();
          for (const pace of [this.#firstPace, this.#pace, this.#eventPace]) pace.begin();
          this.#isFresh = false;
        }
        if (lease.isOwed || outbox.waiting > 0) await cluster.verify(signal);
        await this.#renewLease(signal);
        if (!this.#isFresh) await this.#round(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#begin();
        events.interrupted(error, outbox.waiting);
        await this.#nap(1000, signal);
      }
    }
  }

  /** Who has nothing to bring keeps nobody waiting. */
  get #isOwing(): boolean {
    const { lease, outbox } = this.#o;
    return lease.isOwed || outbox.owesOtherThanEvents;
  }

  get #wasLost(): boolean {
    return !this.#isFresh && this.#o.link.losses !== this.#losses;
  }

  #begin(): void {
    this.#isFresh = true;
    this.#isCaughtUp = false;
    this.#leaseDueAt = 0;
    this.#o.cluster.doubt();
    this.#wake();
  }

  async #renewLease(signal: AbortSignal): Promise<void> {
    const { lease, cloud, timing, events } = this.#o;
    let refusals = 0;
    while (lease.isOwed && this.#leaseDueAt <= timing.now()) {
      await this.#firstPace.turn(signal);
      const outcome = await lease.renew(this.#firstPace.listening(cloud), signal);
      // A cloud that has no time for this has none for anything else.
      if (outcome.kind === 'later' && this.#firstPace.isPaused && ++refusals < nodePatience) continue;
      if (outcome.kind === 'later') this.#leaseDueAt = timing.now() + outcome.afterMs;
      if (outcome.kind === 'ended') await events.leaseEnded(outcome.target, outcome.object);
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { outbox, lease, events, timing } = this.#o;
    const { chains } = outbox;
    const dueAt = ([head]: Chain): number => this.#sender.putOffs.until(head!.sequence);
    const due = chains.filter((chain) => dueAt(chain) <= timing.now());
    const urgent = due.filter((chain) => !isOfEvent(chain));
    const isFirstTime = urgent.some(([head]) => !this.#sender.putOffs.has(head!.sequence));
    if (!isFirstTime) this.#catchUp();
    if (due.length === 0) {
      const soonest = chains.reduce((earlier, chain) => Math.min(earlier, dueAt(chain)), Number.POSITIVE_INFINITY);
      await this.#nap(this.#idleMs(soonest), signal);
      return;
    }
    this.#isRunning = true;
    try {
      if (isFirstTime) events.began(urgent.length);
      let sent = await this.#sender.sendAll(urgent.filter(isOfNode), this.#firstPace, signal);
      if (this.#firstPace.wasRefused) {
        this.#pace.begin('slowly');
        this.#firstPace.begin();
      }
      const others = urgent.filter((chain) => !isOfNode(chain));
      // While the cloud has no time for what comes first, that is tried again after each of the others.
      const isNodeOwed = lease.isOwed || outbox.chains.some(isOfNode);
      sent += await this.#sender.sendAll(isNodeOwed ? others.slice(0, 1) : others, this.#pace, signal);
      if (isFirstTime) events.ended(sent);
      else await this.#sendEvents(due, signal);
    } finally {
      this.#isRunning = false;
    }
  }

  /** A few, for what comes in meanwhile goes before the rest of them. */
  async #sendEvents(due: readonly Chain[], signal: AbortSignal): Promise<void> {
    const pace = this.#eventPace;
    const waitMs = pace.readyInMs;
    if (waitMs > 0) await this.#nap(waitMs, signal);
    else await this.#sender.sendAll(due.filter(isOfEvent).slice(0, Math.max(1, pace.perSecond / 2)), pace, signal);
  }

  #catchUp(): void {
    if (this.#isCaughtUp) return;
    this.#isCaughtUp = true;
    this.#waiters.wake();
  }

  /** @param dueAt when the first of the entries is due */
  #idleMs(dueAt: number): number {
    const { timing, lease } = this.#o;
    const leaseAt = lease.isOwed ? this.#leaseDueAt : Number.POSITIVE_INFINITY;
    return Math.max(50, Math.min(leaseAt, dueAt) - timing.now());
  }

  /** Until something new is owed, or so long. */
  async #nap(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const ending = AbortSignal.any([signal, woken.signal]);
    try {
      if (Number.isFinite(ms)) await this.#o.timing.sleep(ms, ending);
      else await untilEither(new Promise<never>(() => {}), ending);
    } catch (error) {
      if (!ending.aborted) throw error;
    } finally {
      this.#wake = () => {};
    }
  }
}
