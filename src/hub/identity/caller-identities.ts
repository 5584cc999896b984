// Under which name a caller's rights are kept, and how far that name can be trusted now. A token's claims count only
// while the cloud has lately taken that very token: online that is asked again after two minutes, offline the memory of
// AcceptedTokens decides. Online too a token ends here with the pod it is bound to, and at the time it names: from then on
// only the cloud answers for it.
import { serviceUnavailable, unauthorized } from '../../apimachinery/status.ts';
import type { Credential } from '../../cache/credential.ts';
import { SharedWork } from '../../cache/shared-work.ts';
import { type BoundPod, isGoneForGood, type PodPresence, type PresenceOf } from '../../cache/tokens/bound-pod.ts';
import type { Transport } from '../../cache/transport.ts';
import { type AcceptedTokens, provesToken } from './accepted-tokens.ts';
import type { BearerIdentity } from './bearer-identity.ts';
import type { Caller } from './caller.ts';
import type { TokenVerdict } from './claims-verdict.ts';
import type { TokenKeys } from './token-keys.ts';
import type { TokenRecords } from './token-records.ts';

interface Asking {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export interface CallerIdentitiesDependencies {
  readonly tokens: AcceptedTokens;
  readonly keys: Pick<TokenKeys, 'verify' | 'accepted' | 'refused'>;
  readonly transport: Transport;
  readonly podPresence: PresenceOf;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  /** Where accepted tokens are written down. */
  readonly memory: Pick<TokenRecords, 'keep' | 'forget' | 'revoke'>;
  /** The cloud has just taken this bearer token for what it claims to be. */
  readonly onProved: (bearer: BearerIdentity, credential: Credential & { readonly kind: 'bearer' }) => void;
}

const provenForMs = 120_000;
const provenLimit = 10_000;

export class CallerIdentities {
  readonly #deps: CallerIdentitiesDependencies;
  /** Token hash → when the cloud last took it, oldest first. */
  readonly #provenAt = new Map<string, number>();
  /** Token hash → what the cloud is being asked about it. */
  readonly #questions = new Map<string, SharedWork>();

  constructor(deps: CallerIdentitiesDependencies) {
    this.#deps = deps;
  }

  /** What the caller will be once the cloud has answered it: the node, or the account that its token names. */
  claimed({ caller }: Asking): string {
    return caller.isImpersonating ? caller.identity : (caller.bearer?.claimed ?? caller.identity);
  }

  /** The identity to answer from the store while online; undefined when only the cloud can tell who this is. */
  async proven({ caller, signal }: Asking): Promise<string | undefined> {
    if (caller.isImpersonating) return undefined;
    if (caller.bearer === undefined) return caller.identity;
    const { hash, claimed } = caller.bearer;
    const { tokens, podPresence } = this.#deps;
    const speaksAgainst = (): boolean => tokens.objection(caller.bearer!, podPresence) !== undefined;
    if (speaksAgainst()) return undefined;
    if (!this.#isProven(hash)) await this.#question(caller, hash).join(signal);
    return this.#isProven(hash) && !speaksAgainst() ? claimed : undefined;
  }

  /** Tells, whenever it is asked, whether what this caller has opened now may go on; undefined: nothing here ends it. */
  lasting({ caller: { bearer } }: Pick<Asking, 'caller'>): (() => boolean) | undefined {
    if (bearer === undefined) return undefined;
    const { tokens, podPresence, now } = this.#deps;
    const openedAt = now();
    let wasAlive = bearer.claims.pod !== undefined && podPresence(bearer.claims.pod) === 'alive';
    const presenceOf = (pod: BoundPod): PodPresence => {
      const presence = podPresence(pod);
      wasAlive ||= presence === 'alive';
      const isStillToCome =
        presence === 'gone' && !isGoneForGood(presence, { wasAlive, spokenOfForMs: now() - openedAt });
      return isStillToCome ? 'unknown' : presence;
    };
    return () => tokens.objection(bearer, presenceOf)?.verdict !== 'rejected';
  }

  #isProven(hash: string): boolean {
    const provenAt = this.#provenAt.get(hash);
    return provenAt !== undefined && this.#deps.now() - provenAt < provenForMs;
  }

  /** All who come with the same token wait for one answer. */
  #question(caller: Caller, hash: string): SharedWork {
    const open = this.#questions.get(hash);
    if (open !== undefined && !open.isAbandoned) return open;
    const question = new SharedWork(async (signal) => {
      try {
        const headers = { accept: 'application/json' };
        const { transport } = this.#deps;
        const answer = await transport.get({ credential: caller.credential, path: '/version', headers, signal });
        answer.body.cancel();
        this.heard({ caller }, 'GET', answer.statusCode);
      } finally {
        if (this.#questions.get(hash) === question) this.#questions.delete(hash);
      }
    });
    this.#questions.set(hash, question);
    return question;
  }

  /** The cloud has answered a request of this caller. */
  heard({ caller }: Pick<Asking, 'caller'>, method: string, statusCode: number): void {
    if (caller.bearer === undefined) return;
    if (statusCode === 401) this.refuted({ caller });
    else if (provesToken(method, statusCode)) this.proved({ caller });
  }

  proved({ caller }: Pick<Asking, 'caller'>): void {
    const { bearer, credential } = caller;
    if (bearer === undefined) return;
    if (credential.kind === 'bearer') {
      this.#deps.keys.accepted(bearer, credential.token);
      this.#deps.onProved(bearer, credential);
    }
    this.#provenAt.delete(bearer.hash);
    this.#provenAt.set(bearer.hash, this.#deps.now());
    for (const oldest of this.#provenAt.keys()) {
      if (this.#provenAt.size <= provenLimit && this.#isProven(oldest)) break;
      this.#provenAt.delete(oldest);
    }
    const { tokens, memory, podPresence } = this.#deps;
    const accepted = tokens.accept(bearer);
    if (accepted === undefined) return;
    memory.keep(accepted.entry);
    memory.forget([...accepted.forgotten, ...tokens.sweep(podPresence)]);
  }

  refuted({ caller }: Pick<Asking, 'caller'>): void {
    const { bearer, credential } = caller;
    if (bearer === undefined) return;
    this.#provenAt.delete(bearer.hash);
    if (credential.kind === 'bearer') this.#deps.keys.refused(bearer, credential.token, this.#deps.podPresence);
    if (this.#deps.tokens.reject(bearer)) this.#deps.memory.revoke(bearer.hash);
  }

  /**
   * The identity to answer from the store while the cloud is away.
   * @throws StatusError 401 when the token can never be valid again, 503 when that cannot be told
   */
  offline({ caller }: Pick<Asking, 'caller'>): string {
    if (caller.isImpersonating) {
      throw serviceUnavailable(
        'the cloud is not reachable, and only it can say whether this caller may act for another',
      );
    }
    if (caller.bearer === undefined) return caller.identity;
    const verdict = this.#verdict(caller.bearer, caller.credential);
    if (verdict.verdict === 'accepted') return verdict.identity;
    if (verdict.verdict === 'rejected') throw unauthorized(`Unauthorized: ${verdict.reason}`);
    throw serviceUnavailable(`the cloud is not reachable, and ${verdict.reason}`);
  }

  /**
   * One that is over by its own word is so whoever signed it. Else what the cloud said of this very token counts; of one it was
   * never seen to judge, what its keys say.
   */
  #verdict(bearer: BearerIdentity, credential: Credential): TokenVerdict {
    const { tokens, keys, podPresence } = this.#deps;
    const objection = tokens.objection(bearer, podPresence);
    if (objection?.verdict === 'rejected') return objection;
    const verdict = tokens.verify(bearer, podPresence);
    if (tokens.has(bearer.hash) || credential.kind !== 'bearer') return verdict;
    const byKeys = keys.verify(bearer, credential.token, podPresence);
    if (byKeys.verdict !== 'unknown') return byKeys;
    return { verdict: 'unknown', reason: `the cloud has not accepted this token yet, and ${byKeys.reason}` };
  }
}
