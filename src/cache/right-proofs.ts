// Rights are remembered for weeks; whether they still hold is asked while the cloud can be asked. A read that is answered
// by a right which nobody has proven for a while starts one small request with the reader's own credential: a watch of
// that scope for a second, from a version that is known, which costs the apiserver nothing but the decision that is asked
// for. Where that is refused, a LIST of one object is asked too, for some may list and not watch: the two count as one
// right. Only a refusal of both, in the apiserver's own words, ends the right; whatever else comes is no answer.
import { isApiserverAnswer } from './apiserver-answer.ts';
import type { Lender } from './lenders.ts';
import { type Scope, scopeRequestPath } from './scope.ts';
import type { Timing } from './timing.ts';
import type { Transport, UpstreamResponse } from './transport.ts';

export interface RightProofsOptions {
  readonly transport: Transport;
  readonly timing: Pick<Timing, 'now' | 'random'>;
  /** A right is proven again when it was last seen so long ago, a quarter more or less. */
  readonly afterMs: number;
  onAllowed(identity: string, scope: Scope): void;
  onRefused(identity: string, scope: Scope): void;
}

/** The right that a read was answered by. */
export interface UsedRight {
  readonly scope: Scope;
  /** How long ago the cloud was last seen to grant it. */
  readonly ageMs: number;
  /** A version that is known of this resource. */
  readonly resourceVersion: string;
}

type Verdict = 'allowed' | 'refused' | 'unknown';

/** After a request that said nothing. */
const askAgainAfterMs = 60_000;
const plansLimit = 10_000;
const idleTimeoutMs = 10_000;

export class RightProofs {
  readonly #o: RightProofsOptions;
  readonly #ending = new AbortController();
  /** Identity and scope → when a proof is due, on `timing.now()`'s scale; the longest unused first. */
  readonly #dueAt = new Map<string, number>();

  constructor(options: RightProofsOptions) {
    this.#o = options;
  }

  /** Somebody has read by this right. */
  used(reader: Lender, right: UsedRight): void {
    const { timing, afterMs } = this.#o;
    if (right.ageMs < afterMs * 0.75) return;
    const now = timing.now();
    const key = `${reader.identity} ${right.scope.id}`;
    const dueAt = this.#dueAt.get(key) ?? now - right.ageMs + afterMs * (0.75 + timing.random() / 2);
    const isDue = now >= dueAt;
    this.#plan(key, isDue ? now + askAgainAfterMs : dueAt);
    if (isDue && !this.#ending.signal.aborted) void this.#prove(key, reader, right);
  }

  /** Ends what is on its way. */
  stop(): void {
    this.#ending.abort();
  }

  #plan(key: string, dueAt: number): void {
    this.#dueAt.delete(key);
    this.#dueAt.set(key, dueAt);
    if (this.#dueAt.size > plansLimit) this.#dueAt.delete(this.#dueAt.keys().next().value!);
  }

  async #prove(key: string, reader: Lender, { scope, resourceVersion }: UsedRight): Promise<void> {
    const watch = { watch: 'true', resourceVersion, timeoutSeconds: '1' };
    let verdict = await this.#ask(reader, scopeRequestPath(scope, watch));
    if (verdict === 'refused') verdict = await this.#ask(reader, scopeRequestPath(scope, { limit: '1' }));
    if (verdict === 'unknown') return;
    this.#dueAt.delete(key);
    if (verdict === 'allowed') this.#o.onAllowed(reader.identity, scope);
    else this.#o.onRefused(reader.identity, scope);
  }

  async #ask({ credential }: Lender, path: string): Promise<Verdict> {
    const { signal } = this.#ending;
    const headers = { accept: 'application/json' };
    let verdict: Verdict = 'unknown';
    try {
      const answer = await this.#o.transport.get({ credential, path, headers, signal, idleTimeoutMs });
      verdict = verdictOf(answer);
      // Read to its end, which is a second away: a connection that is broken off costs more.
      for await (const _ of answer.body);
    } catch {
      // The link has its own watchers; here a failure only means that nothing more was learnt.
    }
    return verdict;
  }
}

/** 410: whoever is told that a version is too old has passed the authorizer. */
function verdictOf({ statusCode, headers }: UpstreamResponse): Verdict {
  if (statusCode === 200 || statusCode === 410) return 'allowed';
  return statusCode === 403 && isApiserverAnswer(headers) ? 'refused' : 'unknown';
}
