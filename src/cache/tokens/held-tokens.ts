// The tokens that the cloud has issued for pods of this node, in memory and, encrypted, on disk: without them no pod of a
// rebooted node starts while the cloud is away.
//
// Promise: a token is given out again only to the question it was the answer to, while it is valid, and while its pod is
// known to be alive on this node; with the pod it is wiped. None is ever made up.
import { hash } from 'node:crypto';
import type { JsonObject } from '../../apimachinery/json.ts';
import { BoundedMap } from '../bounded-map.ts';
import type { CloudTime } from '../cloud-time.ts';
import type { Notes } from '../notes.ts';
import { type AskedToken, tokenKey } from './asked-token.ts';
import { isGoneForGood, type PresenceOf } from './bound-pod.ts';
import {
  answeredAnew,
  decodeHeldToken,
  encodeHeldToken,
  type GivenToken,
  givenWith,
  type HeldToken,
  heldTokenOf,
  tokenOf,
} from './held-token.ts';

export type TokenFound =
  | { readonly answer: JsonObject; readonly reason?: undefined }
  /** Why there is none, to be told to the client. */
  | { readonly answer?: undefined; readonly reason: string };

export interface HeldTokensOptions {
  readonly notes: Notes;
  readonly time: CloudTime;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
}

interface Entry extends HeldToken {
  /** SHA-256 of the token, hex. */
  readonly hash: string;
  readonly bytes: number;
  given: readonly GivenToken[];
  /** Since when it is here, on `now()`'s scale. */
  readonly since: number;
  /** Its pod was known to be alive at some time since then. */
  wasAlive: boolean;
}

/** A node runs 110 pods unless told otherwise, most of which mount one token. */
const limits = { bytes: 16 * 1024 * 1024, tokens: 4000 };

export class HeldTokens {
  readonly #o: HeldTokensOptions;
  readonly #held = new BoundedMap<Entry>(limits.bytes, ({ bytes }) => bytes, { limitEntries: limits.tokens });

  constructor(options: HeldTokensOptions) {
    this.#o = options;
  }

  get size(): number {
    return this.#held.size;
  }

  restore(value: Buffer, key: string): void {
    this.#o.notes.delete('token', this.#set(key, decodeHeldToken(value), value.length));
  }

  *all(): IterableIterator<HeldToken> {
    for (const [, entry] of this.#held.entries()) yield entry;
  }

  /** The token with this hash is held, or kubelet was given it before, and it was issued for the apiserver itself. */
  wasIssued(digest: string): boolean {
    for (const [, { hash, given, asked }] of this.#held.entries()) {
      const isIt = hash === digest || given.some((one) => one.hash === digest);
      if (isIt) return asked.audiences.length === 0;
    }
    return false;
  }

  /** What the cloud writes into a token for which no audience was asked: its own. */
  *apiserverAudiences(): IterableIterator<string> {
    for (const { asked, audiences } of this.all()) if (asked.audiences.length === 0) yield* audiences;
  }

  /** This very token, and no newer one in its place. */
  has(held: HeldToken): boolean {
    return this.#held.peek(tokenKey(held.asked)) === held;
  }

  /**
   * The cloud has answered this; its latest word counts. Resolves, never rejects, when the next life would know it.
   * @param isGiven kubelet has asked for it itself, and has it
   * @returns what is held now; undefined when the answer is none that can be given again
   */
  async keep(asked: AskedToken, answer: JsonObject, isGiven = true): Promise<HeldToken | undefined> {
    const key = tokenKey(asked);
    const now = this.#o.time.now();
    const given = this.#held.peek(key)?.given ?? [];
    const issued = heldTokenOf(asked, answer, now, given);
    if (issued === undefined) return undefined;
    const held = isGiven ? { ...issued, given: givenWith(given, givenOf(issued), now) } : issued;
    const value = encodeHeldToken(held);
    this.#o.notes.delete('token', this.#set(key, held, value.length));
    await this.#o.notes.keep('token', key, value, { secret: true });
    return held;
  }

  /** What this question may be answered with while the cloud is away. */
  find(asked: AskedToken, podPresence: PresenceOf): TokenFound {
    const { name, namespace } = asked.pod;
    const held = this.#held.get(tokenKey(asked));
    if (held === undefined) {
      return { reason: `no token with these audiences and this lifetime was issued for pod ${namespace}/${name}` };
    }
    const presence = podPresence(asked.pod);
    if (presence !== 'alive') {
      if (presence === 'gone') return { reason: `pod ${namespace}/${name} with this uid is not on this node` };
      return { reason: `it cannot be told whether pod ${namespace}/${name} is still on this node` };
    }
    const { time } = this.#o;
    const now = time.now();
    if (now < held.expiresMs) {
      this.#give(held, now);
      return { answer: answeredAnew(held, now) };
    }
    const when = new Date(held.expiresMs).toISOString();
    return { reason: `the token issued last ended at ${when}${time.isCertain ? '' : ', by the clock of this node'}` };
  }

  /** The cloud has said that there is no such account, or pod: nothing of it may come back. */
  wipe(asked: AskedToken): void {
    this.#wipe(tokenKey(asked));
  }

  /** Wipes those whose pod is gone, and, by a time that is certain, those that have ended. Called when pods change. */
  sweep(podPresence: PresenceOf): void {
    const { time, now } = this.#o;
    for (const [key, entry] of [...this.#held.entries()]) {
      const presence = podPresence(entry.asked.pod);
      entry.wasAlive ||= presence === 'alive';
      const isGone = isGoneForGood(presence, { wasAlive: entry.wasAlive, spokenOfForMs: now() - entry.since });
      if (isGone || (time.isCertain && time.now() >= entry.expiresMs)) this.#wipe(key);
    }
  }

  /** Nothing of it may come back. */
  clear(): void {
    this.#o.notes.revoke('token', this.#held.clear());
  }

  #set(key: string, held: HeldToken, bytes: number): readonly string[] {
    return this.#held.set(key, {
      ...held,
      hash: givenOf(held).hash,
      bytes,
      since: this.#o.now(),
      wasAlive: false,
    });
  }

  #give(held: Entry, now: number): void {
    if (held.given.at(-1)?.hash === held.hash) return;
    held.given = givenWith(held.given, givenOf(held), now);
    this.#o.notes.put('token', tokenKey(held.asked), encodeHeldToken(held), { secret: true });
  }

  #wipe(key: string): void {
    if (this.#held.delete(key)) this.#o.notes.revoke('token', [key]);
  }
}

function givenOf({ answer, expiresMs }: HeldToken): GivenToken {
  return { hash: hash('sha256', tokenOf(answer)!, 'hex'), expiresMs };
}
