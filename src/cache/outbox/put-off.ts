// Which entries the cloud has put off since the link came back, until when, and what for; of each what came of the last try,
// also over cuts of the link. Times are the monotonic clock's unless they say otherwise.
interface PutOff {
  /** Not tried before. */
  readonly until: number;
  /** The account of which another token would help. */
  readonly awaits?: string;
}

/** What came of a try. */
export interface Failure {
  /** HTTP status of the answer; 0 when none came, or nothing was sent. */
  readonly code: number;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Why an entry that was tried is still owed. */
export interface Tried extends Failure {
  /** How often in a row. */
  readonly tries: number;
  /** When it is tried next, if nothing else happens; undefined where the link was lost since. */
  readonly dueAt: number | undefined;
}

const retryLimitMs = 30_000;

export class PutOffs {
  readonly #bySequence = new Map<number, PutOff>();
  /** Sequence → how often it was put off in a row; remembered over cuts of the link. */
  readonly #times = new Map<number, number>();
  readonly #failures = new Map<number, { readonly tries: number; readonly last: Failure }>();

  /** It was tried, and could not be brought there. */
  has(sequence: number): boolean {
    return this.#bySequence.has(sequence);
  }

  /** When it is due; 0 for one that was not put off. */
  until(sequence: number): number {
    return this.#bySequence.get(sequence)?.until ?? 0;
  }

  /** Undefined for one that was not tried in this life. */
  of(sequence: number): Tried | undefined {
    const failure = this.#failures.get(sequence);
    if (failure === undefined) return undefined;
    return { ...failure.last, tries: failure.tries, dueAt: this.#bySequence.get(sequence)?.until };
  }

  /** A try has come to nothing. */
  failed(sequence: number, last: Failure): void {
    this.#failures.set(sequence, { tries: (this.#failures.get(sequence)?.tries ?? 0) + 1, last });
  }

  /**
   * Longer each time, half a minute or so at most unless the cloud asks for more; never less than it asks for.
   * @param luck 0 <= luck < 1
   */
  again(sequence: number, now: number, afterMs: number, luck: number): void {
    const times = (this.#times.get(sequence) ?? 0) + 1;
    const backoffMs = Math.min(retryLimitMs, 250 * 2 ** Math.min(times, 10)) * (0.75 + luck / 2);
    const waitMs = Math.max(backoffMs, afterMs * (1 + luck / 4));
    this.#times.set(sequence, times);
    this.#bySequence.set(sequence, { until: now + waitMs });
  }

  /** Until then, or until a token of this account is seen. */
  untilToken(sequence: number, until: number, account: string): void {
    this.#bySequence.set(sequence, { until, awaits: account });
  }

  /** False when none has waited for it. */
  tokenSeen(account: string): boolean {
    const waiting = [...this.#bySequence].filter(([, { awaits }]) => awaits === account);
    for (const [sequence, putOff] of waiting) this.#bySequence.set(sequence, { ...putOff, until: 0 });
    return waiting.length > 0;
  }

  /** It is settled or parked. */
  end(sequence: number): void {
    this.#bySequence.delete(sequence);
    this.#times.delete(sequence);
    this.#failures.delete(sequence);
  }

  /** The link was lost: all are tried again when it is back. */
  clear(): void {
    this.#bySequence.clear();
  }
}
