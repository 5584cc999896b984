// The clock of a simulated world and everything that will happen in it. Whatever takes time (a disk, a network, a sleep)
// asks for its completion here, and completions are released one at a time, in the order of their virtual time; between two
// of them everything that only waits for promises runs to its end. So the interleaving is a function of the seed.
import type { Clock, Timer } from '../../src/apimachinery/clock.ts';
import type { Timing } from '../../src/cache/timing.ts';
import type { Random } from './random.ts';

/** Whom an event concerns: what is due to one that is over does not happen. */
export interface Owner {
  readonly isOver: boolean;
}

interface Due {
  readonly at: number;
  /** Of two at the same moment, the one with the lower lot comes first. */
  readonly lot: number;
  readonly owner: Owner;
  run: (() => void) | undefined;
}

export class Scheduler {
  readonly #random: Random;
  /** A binary heap. */
  readonly #due: Due[] = [];
  #now = 1_000_000;
  /** Between the clock that only goes forward and the time of the world. */
  readonly epochMs = 1_700_000_000_000;
  /** By how much the node's clock is wrong. */
  wallClockErrorMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get now(): number {
    return this.#now;
  }

  /** Milliseconds since the epoch, by a clock that is right. */
  get trueTime(): number {
    return this.epochMs + this.#now;
  }

  after(ms: number, owner: Owner, run: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, ms), lot: this.#random.next(), owner, run };
    this.#push(due);
    return {
      cancel: () => {
        due.run = undefined;
      },
    };
  }

  /** Resolves after so long; never, when the owner is over by then. */
  delay(ms: number, owner: Owner): Promise<void> {
    return new Promise((resolve) => this.after(ms, owner, resolve));
  }

  /** Lets the next thing happen, and everything that follows from it at once. False when nothing is due before `untilMs`. */
  async step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (;;) {
      const next = this.#due[0];
      if (next === undefined || next.at > untilMs) return false;
      this.#pop();
      if (next.run === undefined || next.owner.isOver) continue;
      this.#now = next.at;
      next.run();
      await quiescence();
      return true;
    }
  }

  clock(owner: Owner): Clock {
    return { now: () => this.#now, setTimeout: (run, ms) => this.after(ms, owner, run) };
  }

  timing(owner: Owner): Timing {
    return {
      now: () => this.#now,
      wallClock: () => this.trueTime + this.wallClockErrorMs,
      random: () => this.#random.next(),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) return reject(signal.reason);
          const leave = (): void => {
            timer.cancel();
            reject(signal.reason);
          };
          const timer = this.after(ms, owner, () => {
            signal.removeEventListener('abort', leave);
            resolve();
          });
          signal.addEventListener('abort', leave, { once: true });
        }),
    };
  }

  #push(due: Due): void {
    const heap = this.#due;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#due;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/** Ends only when no promise has anything left to do: nothing here waits for anything else, and this queue comes after theirs. */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => process.nextTick(() => process.nextTick(resolve)));
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.lot < b.lot);
}
