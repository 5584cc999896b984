// Sends owed writes: each object's in their order, those of different objects side by side. Says what came of each, and
// keeps in mind which ones the cloud has put off.
//
// Promise: nothing is sent before its entry is marked as sent on disk, nor with anybody else's credential, nor before it
// was seen that this is still the same cluster; one that cannot be sent now never holds up the others.
import type { JsonObject } from '../../apimachinery/json.ts';
import type { ClusterCheck } from '../cluster-check.ts';
import type { LinkGate } from '../link-gate.ts';
import type { Timing } from '../timing.ts';
import { accountOf } from './account-of.ts';
import type { Cloud } from './cloud.ts';
import type { Chain, OutboxEntry } from './entry.ts';
import type { Outbox } from './outbox.ts';
import type { Pace } from './pace.ts';
import { type Failure, PutOffs } from './put-off.ts';
import { type ReplayOutcome, replayEntry } from './replay-entry.ts';
import type { SeenToken } from './seen-tokens.ts';
import { type Step, sideBySide, type Work } from './side-by-side.ts';
import { whyParked } from './why-parked.ts';

export interface ChainSenderOptions {
  readonly outbox: Outbox;
  readonly cloud: Cloud;
  readonly link: LinkGate;
  readonly cluster: ClusterCheck;
  readonly timing: Timing;
  /** The newest bearer token of an identity's account that the cloud was seen to accept; see there whose it is. */
  readonly newestToken: (identity: string) => SeenToken | undefined;
  /** What the cloud has of the object now, as far as that was seen. Before the entry leaves the outbox. */
  readonly hear: (entry: OutboxEntry, object: JsonObject | 'absent' | undefined) => Promise<void>;
  readonly events: {
    /** A request about it sets out; what this returns is called once it is known what came of it. */
    asking(entry: OutboxEntry): () => void;
    /** The cloud has it, or it has become pointless there. */
    done(entry: OutboxEntry, outcome: Extract<ReplayOutcome, { kind: 'done' }>): Promise<void>;
    /** The replay goes on when it resolves. `object`: what the cloud has taken of it, if a part. */
    parked(entry: OutboxEntry, object?: JsonObject): Promise<void>;
    /** It could not go on, and so many are left. */
    interrupted(error: unknown, left: number): void;
  };
}

interface Sending extends Step {
  readonly pace: Pace;
  /** What went wrong after the cloud had answered. */
  readonly unconcluded: unknown[];
}

/** Requests. */
const atATime = 8;
/** So many are marked as sent with one sync, and no more than go within a fraction of a second. */
const largestBatch = 16;
const batchSeconds = 0.1;
/** So long after the link came back a writer may show up with a token that is still good. */
const awaitTokenMs = 10 * 60_000;
/** The node's own credential may be read anew from its file. */
const nodeRetryMs = 30_000;
/** After so many times in a row without an answer the others go on without this one. */
const patience = 3;

export class ChainSender {
  readonly putOffs = new PutOffs();
  readonly #o: ChainSenderOptions;
  /** Sequence → how often in a row no answer came. */
  readonly #unanswered = new Map<number, number>();
  #onlineSince = 0;

  constructor(options: ChainSenderOptions) {
    this.#o = options;
  }

  /** The link is back: all that was put off is tried again. */
  begin(): void {
    this.putOffs.clear();
    this.#onlineSince = this.#o.timing.now();
  }

  /**
   * Resolves with how many were concluded; each other one is put off. What was begun has ended by then, also when it rejects.
   * @throws what went wrong first; the signal's reason when it aborts
   */
  async sendAll(chains: readonly Chain[], pace: Pace, signal: AbortSignal): Promise<number> {
    const unconcluded: unknown[] = [];
    const work: Work<Chain> = {
      workers: atATime,
      batchSize: () => Math.max(1, Math.min(largestBatch, Math.ceil(pace.perSecond * batchSeconds))),
      // One sync for many; those that wait in the batch are looked at before they are sent, should the hub die meanwhile.
      prepare: (batch) => this.#mark(batch.map(([head]) => head!)),
      // While the disk takes what came of one, the cloud can be asked about the next.
      run: (chain, step) => this.#sendChain(chain, { ...step, pace, unconcluded }),
    };
    try {
      return await sideBySide(chains, work, signal);
    } catch (first) {
      const { events, outbox } = this.#o;
      // The first is for the caller to tell, who tells of none once it was ended.
      const untold = unconcluded.filter((error) => error !== first || signal.aborted);
      for (const error of untold) events.interrupted(error, outbox.waiting);
      throw first;
    }
  }

  /** False when the disk does not take it: nothing is sent then, and all are tried later. */
  async #mark(entries: readonly OutboxEntry[]): Promise<boolean> {
    const { outbox } = this.#o;
    const queued = entries.map(({ sequence }) => outbox.get(sequence)).filter(isQueued);
    try {
      await outbox.markSent(queued);
      return true;
    } catch (error) {
      // Storage has said so; it says when it takes writes again, too.
      const reason = `nothing is sent before the disk has it as sent: ${messageOf(error)}`;
      for (const { sequence } of entries) this.#putOff(sequence, 1000, { code: 0, reason });
      return false;
    }
  }

  /** One object's writes in their order. Stops at the first that cannot be sent now. */
  async #sendChain(chain: Chain, { pace, signal, onAnswered, unconcluded }: Sending): Promise<number> {
    const { outbox, cluster } = this.#o;
    let sent = 0;
    for (const { sequence, state } of chain) {
      await pace.turn(signal);
      await cluster.verify(signal);
      // As it is now: it may have been parked, or given the cloud's uid, while it waited.
      const entry = outbox.get(sequence);
      if (entry === undefined || entry.state === 'parked') continue;
      const wasSent = sequence === chain[0]!.sequence ? state === 'sent' : entry.state === 'sent';
      if (entry.state === 'queued' && !(await this.#mark([entry]))) return sent;
      const answered = this.#o.events.asking(entry);
      try {
        const outcome = await this.#sendInTime({ ...entry, state: wasSent ? 'sent' : 'queued' }, pace, signal);
        if (entry.sequence === chain.at(-1)!.sequence) onAnswered();
        if (outcome === undefined) return sent;
        const isConcluded = await this.#conclude(entry, outcome).catch((error: unknown) => {
          unconcluded.push(error);
          throw error;
        });
        if (!isConcluded) return sent;
      } finally {
        answered();
      }
      sent += 1;
    }
    return sent;
  }

  /** A cloud that has no time for this one has none for those behind it: they keep their order, and wait as it wishes. */
  async #sendInTime(entry: OutboxEntry, pace: Pace, signal: AbortSignal): Promise<ReplayOutcome | undefined> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#send(entry, pace, signal);
      if (outcome?.kind !== 'later' || !pace.isPaused || tries >= pace.patience) return outcome;
      await pace.turn(signal);
    }
  }

  /** Undefined when no answer came, and the others need not wait for one. */
  async #send(entry: OutboxEntry, pace: Pace, signal: AbortSignal): Promise<ReplayOutcome | undefined> {
    const { newestToken } = this.#o;
    const cloud = pace.listening(this.#o.cloud);
    const { token, identity } = entry.writer;
    try {
      const outcome = await replayEntry(entry, { cloud, token, signal });
      this.#unanswered.delete(entry.sequence);
      if (outcome.kind !== 'unauthorized' || token === undefined) return outcome;
      const newer = newestToken(identity);
      if (newer !== undefined && newer.identity !== identity) return { ...outcome, isForGood: true };
      if (newer === undefined || newer.token === token) return outcome;
      return await replayEntry(entry, { cloud, token: newer.token, signal });
    } catch (error) {
      const times = (this.#unanswered.get(entry.sequence) ?? 0) + 1;
      this.#unanswered.set(entry.sequence, times);
      const why = { code: 0, reason: `the cloud gave no answer: ${messageOf(error)}` };
      if (times < patience || signal.aborted || !this.#o.link.isOnline) {
        if (!signal.aborted) this.#failed(entry.sequence, why);
        throw error;
      }
      this.#putOff(entry.sequence, 1000, why);
      return undefined;
    }
  }

  /** False when it is still owed. */
  async #conclude(entry: OutboxEntry, outcome: ReplayOutcome): Promise<boolean> {
    const { outbox, events, timing } = this.#o;
    const { sequence } = entry;
    if (outcome.kind === 'later') {
      this.#putOff(sequence, outcome.afterMs, outcome);
      return false;
    }
    const { token, identity } = entry.writer;
    const deadline = this.#onlineSince + awaitTokenMs;
    if (outcome.kind === 'unauthorized' && outcome.isForGood !== true && timing.now() < deadline) {
      const { reason } = outcome;
      if (token === undefined) this.#putOff(sequence, nodeRetryMs, { code: 401, reason });
      else {
        this.#failed(sequence, { code: 401, reason: `${reason}; it waits for its writer to come with another token` });
        this.putOffs.untilToken(sequence, deadline, accountOf(identity));
      }
      return false;
    }
    this.putOffs.end(sequence);
    const object = outcome.kind === 'unauthorized' ? undefined : outcome.object;
    const hasTaken = outcome.kind === 'parked' || (outcome.kind === 'done' && outcome.reason === 'applied');
    if (hasTaken && entry.op !== 'delete' && typeof object === 'object') await outbox.renameUid(entry, object);
    await this.#o.hear(entry, object ?? seenIn(outcome));
    if (outcome.kind === 'done') {
      await outbox.settle([entry]);
      await events.done(entry, outcome);
      return true;
    }
    const parked = await outbox.park(entry, { ...whyParked(entry, outcome), at: timing.wallClock() });
    await events.parked(parked, outcome.kind === 'parked' ? outcome.object : undefined);
    return true;
  }

  #failed(sequence: number, { code, reason }: Pick<Failure, 'code' | 'reason'>): void {
    this.putOffs.failed(sequence, { code, reason, at: this.#o.timing.wallClock() });
  }

  #putOff(sequence: number, afterMs: number, why: Pick<Failure, 'code' | 'reason'>): void {
    const { timing } = this.#o;
    this.#failed(sequence, why);
    this.putOffs.again(sequence, timing.now(), afterMs, timing.random());
  }
}

function seenIn(outcome: ReplayOutcome): JsonObject | 'absent' | undefined {
  if (outcome.kind !== 'parked') return undefined;
  return outcome.cloud ?? (outcome.isAbsent ? 'absent' : undefined);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isQueued(entry: OutboxEntry | undefined): entry is OutboxEntry {
  return entry?.state === 'queued';
}
