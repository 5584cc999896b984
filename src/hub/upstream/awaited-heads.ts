// Everything that waits for a response head, oldest first. Promise: who waits longer than the threshold is reported,
// again each time that long; who waits past its own limit is ended. One timer for all of them.
//
// A linked list through the entries themselves, and no Set: a Set that gains and loses an entry with every request keeps
// dead tables, and what they point to, alive until the next full collection (seen: 150 MB more under load).
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { ExchangeEndReason } from './errors.ts';
import type { Server } from './servers.ts';

export interface AwaitedHead {
  readonly server: Server;
  /** False while the client still owes a part of its request: then it is not the server who is silent. */
  readonly isServersTurn: boolean;
  /** How long at most, in ms; Infinity for no limit. */
  readonly headLimitMs: number;
  end(reason: ExchangeEndReason): void;
  /** The entry's place in the list; only this file touches it. */
  readonly place: Place;
}

/** One for each entry, made with it. */
export class Place {
  /** When the server was last given something to answer. */
  waitingSince = 0;
  reportAt = 0;
  head: AwaitedHead | undefined;
  previous: Place | undefined;
  next: Place | undefined;
}

export interface AwaitedHeadsOptions {
  readonly clock: Clock;
  readonly thresholdMs: number;
  onSilent(server: Server, waitedMs: number): void;
}

export class AwaitedHeads {
  readonly #options: AwaitedHeadsOptions;
  /** Before the oldest. */
  readonly #start = new Place();
  #newest = this.#start;
  #size = 0;
  #timer: Timer | undefined;

  constructor(options: AwaitedHeadsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  add(head: AwaitedHead, now: number): void {
    const { place } = head;
    place.head = head;
    place.waitingSince = now;
    this.#append(place, now);
    if (this.#timer === undefined) this.#wakeIn(this.#options.thresholdMs);
  }

  /** A part of the request has gone out: the server's time starts anew. */
  touch(head: AwaitedHead, now: number): void {
    if (head.place.head === undefined) return;
    this.delete(head);
    this.add(head, now);
  }

  delete({ place }: AwaitedHead): void {
    if (place.head === undefined) return;
    this.#remove(place);
    place.head = undefined;
  }

  /** Ends all that wait for this server. */
  endAll(server: Server, reason: ExchangeEndReason): void {
    for (const head of this.#until(Number.POSITIVE_INFINITY)) if (head.server === server) head.end(reason);
  }

  #append(place: Place, now: number): void {
    place.reportAt = now + this.#options.thresholdMs;
    place.previous = this.#newest;
    this.#newest.next = place;
    this.#newest = place;
    this.#size += 1;
  }

  #remove(place: Place): void {
    if (place.next === undefined) this.#newest = place.previous!;
    else place.next.previous = place.previous;
    place.previous!.next = place.next;
    // A dead entry must not keep the next one alive.
    place.previous = undefined;
    place.next = undefined;
    this.#size -= 1;
  }

  #wakeIn(ms: number): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#lookAtOldest();
    }, ms);
  }

  #lookAtOldest(): void {
    const now = this.#options.clock.now();
    for (const head of this.#until(now)) {
      if (head.place.head === undefined) continue; // ended by what an earlier report led to
      const waitedMs = now - head.place.waitingSince;
      if (!head.isServersTurn) this.touch(head, now);
      else if (waitedMs >= head.headLimitMs) head.end('silent');
      else {
        this.#remove(head.place);
        this.#append(head.place, now);
        this.#options.onSilent(head.server, waitedMs);
      }
    }
    const oldest = this.#start.next;
    if (oldest !== undefined && this.#timer === undefined) this.#wakeIn(Math.max(1, oldest.reportAt - now));
  }

  #until(now: number): AwaitedHead[] {
    const due: AwaitedHead[] = [];
    for (let place = this.#start.next; place !== undefined && place.reportAt <= now; place = place.next) {
      due.push(place.head!);
    }
    return due;
  }
}
