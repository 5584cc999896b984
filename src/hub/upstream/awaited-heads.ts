// Everything that waits for a response head, oldest first. Promise: who waits longer than the threshold is reported,
// again each time that long; who waits past its own limit is ended. One timer for all of them.
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { ExchangeEndReason } from './errors.ts';
import type { Server } from './servers.ts';

export interface AwaitedHead {
  readonly server: Server;
  /** When the server was last given something to answer; set on `add` and `touch`. */
  waitingSince: number;
  /** Owned by this file. */
  reportAt: number;
  /** False while the client still owes a part of its request: then it is not the server who is silent. */
  readonly isServersTurn: boolean;
  /** How long at most, in ms; Infinity for no limit. */
  readonly headLimitMs: number;
  end(reason: ExchangeEndReason): void;
}

export interface AwaitedHeadsOptions {
  readonly clock: Clock;
  readonly thresholdMs: number;
  onSilent(server: Server, waitedMs: number): void;
}

export class AwaitedHeads {
  readonly #waiting = new Set<AwaitedHead>();
  readonly #options: AwaitedHeadsOptions;
  #timer: Timer | undefined;

  constructor(options: AwaitedHeadsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(head: AwaitedHead, now: number): void {
    head.waitingSince = now;
    head.reportAt = now + this.#options.thresholdMs;
    this.#waiting.add(head);
    if (this.#timer === undefined) this.#wakeIn(this.#options.thresholdMs);
  }

  /** A part of the request has gone out: the server's time starts anew. */
  touch(head: AwaitedHead, now: number): void {
    if (this.#waiting.delete(head)) this.add(head, now);
  }

  delete(head: AwaitedHead): void {
    this.#waiting.delete(head);
  }

  /** Ends all that wait for this server. */
  endAll(server: Server, reason: ExchangeEndReason): void {
    for (const head of [...this.#waiting]) if (head.server === server) head.end(reason);
  }

  #wakeIn(ms: number): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#lookAtOldest();
    }, ms);
  }

  #lookAtOldest(): void {
    const now = this.#options.clock.now();
    for (const head of this.#due(now)) {
      if (!this.#waiting.has(head)) continue; // ended by what an earlier report led to
      const waitedMs = now - head.waitingSince;
      if (!head.isServersTurn) {
        this.touch(head, now);
      } else if (waitedMs >= head.headLimitMs) {
        this.#waiting.delete(head);
        head.end('silent');
      } else {
        this.#waiting.delete(head);
        head.reportAt = now + this.#options.thresholdMs;
        this.#waiting.add(head);
        this.#options.onSilent(head.server, waitedMs);
      }
    }
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#timer === undefined) this.#wakeIn(Math.max(1, oldest.reportAt - now));
  }

  #due(now: number): AwaitedHead[] {
    const due: AwaitedHead[] = [];
    for (const head of this.#waiting) {
      if (head.reportAt > now) break;
      due.push(head);
    }
    return due;
  }
}
