// Tokens that the cloud has refused, by their digests, and accounts with their pods of which it has refused one that would
// have been vouched for here. Bounded.
//
// Promise: a refusal that had to make room still counts: any token that was issued before that may be the one.
import { asFields, textsIn } from '../../apimachinery/jwt.ts';

/** As it stands on disk, among what is known of the keys. */
export interface RefusedTokensRecord {
  readonly refused: readonly string[];
  readonly doubted?: readonly string[];
  readonly forgottenAtMs?: number;
}

const refusedLimit = 2000;
const doubtedLimit = 2000;
/** The cloud's clock, which dates its tokens, and the time here may differ by less. */
const clocksDifferByMs = 10_000;

export class RefusedTokens {
  readonly #now: () => number;
  /** What is told of tokens that the cloud has signed or issued; the oldest first. */
  readonly #refused = new Set<string>();
  /** Of tokens that may be the cloud's or made up, as many as anybody likes; the oldest first. */
  readonly #doubted = new Set<string>();
  /** When a refusal last had to make room; 0: never. */
  #forgottenAtMs = 0;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#refused.size === 0 && this.#doubted.size === 0;
  }

  /** @param name a digest, or an account with its pod */
  has(name: string): boolean {
    return this.#refused.has(name) || this.#doubted.has(name);
  }

  /** @param isOurs the token is the cloud's for certain. @returns false when all of it was known */
  add(names: readonly string[], isOurs: boolean): boolean {
    const table = isOurs ? this.#refused : this.#doubted;
    if (names.every((name) => table.has(name))) return false;
    for (const name of names) table.add(name);
    this.#makeRoom(table, isOurs ? refusedLimit : doubtedLimit);
    return true;
  }

  /** @returns false when nothing of it was known */
  forgive(names: readonly string[]): boolean {
    const forgiven = names.flatMap((name) => [this.#refused.delete(name), this.#doubted.delete(name)]);
    return forgiven.includes(true);
  }

  /** @param iat when the cloud says to have issued the token, seconds */
  mayHaveForgotten(iat: unknown): boolean {
    if (this.#forgottenAtMs === 0) return false;
    return typeof iat !== 'number' || iat * 1000 <= this.#forgottenAtMs + clocksDifferByMs;
  }

  record(): RefusedTokensRecord {
    return { refused: [...this.#refused], doubted: [...this.#doubted], forgottenAtMs: this.#forgottenAtMs };
  }

  /** Takes over what was written down; what is not of its form says nothing. */
  restore(record: unknown): void {
    const { refused, doubted, forgottenAtMs } = asFields(record) ?? {};
    for (const one of textsIn(refused)) this.#refused.add(one);
    for (const one of textsIn(doubted)) this.#doubted.add(one);
    if (typeof forgottenAtMs === 'number') this.#forgottenAtMs = forgottenAtMs;
  }

  clear(): void {
    this.#refused.clear();
    this.#doubted.clear();
    this.#forgottenAtMs = 0;
  }

  #makeRoom(table: Set<string>, limit: number): void {
    for (const oldest of table) {
      if (table.size <= limit) return;
      table.delete(oldest);
      this.#forgottenAtMs = this.#now();
    }
  }
}
