// Which entries the cloud has put off since the link came back, until when, and what for. Times are the monotonic clock's.
interface PutOff {
  /** Not tried before. */
  readonly until: number;
  /** The account of which another token would help. */
  readonly awaits?: string;
}

const retryLimitMs = 30_000;

export class PutOffs {
  readonly #bySequence = new Map<number, PutOff>();
  /** Sequence → how often in a row; remembered over cuts of the link. */
  readonly #times = new Map<number, number>();

  /** It was tried, and could not be brought there. */
  has(sequence: number): boolean {
    return this.#bySequence.has(sequence);
  }

  /** When it is due; 0 for one that was not put off. */
  until(sequence: number): number {
    return this.#bySequence.get(sequence)?.until ?? 0;
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
  }

  /** The link was lost: all are tried again when it is back. */
  clear(): void {
    this.#bySequence.clear();
  }
}
