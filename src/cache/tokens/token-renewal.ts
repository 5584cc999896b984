// Asks for held tokens anew while the link is up, so that the longest possible life is in hand when it goes. Only what
// kubelet has asked for is asked again, in the same words and as the same node, for pods that run here; one at a time, as
// slowly as a fleet that comes back at once needs it.
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import { isApiserverAnswer } from '../apiserver-answer.ts';
import type { CloudTime } from '../cloud-time.ts';
import { nodeCredential } from '../credential.ts';
import type { LinkGate } from '../link-gate.ts';
import type { Cloud, CloudAnswer } from '../outbox/cloud.ts';
import { Pace } from '../outbox/pace.ts';
import { collectionPath } from '../scope.ts';
import type { Timing } from '../timing.ts';
import { type AskedToken, tokenRequestOf } from './asked-token.ts';
import type { BoundPod } from './bound-pod.ts';
import type { HeldToken } from './held-token.ts';
import type { HeldTokens } from './held-tokens.ts';
import { type RenewalVerdict, renewalDueMs, renewalVerdict } from './refresh-plan.ts';

export interface TokenRenewalOptions {
  readonly tokens: HeldTokens;
  readonly cloud: Cloud;
  readonly link: LinkGate;
  readonly time: CloudTime;
  readonly timing: Timing;
  readonly userAgent: string;
  /** The pod is alive on this node and has not ended. */
  readonly isRunning: (pod: BoundPod) => boolean;
  readonly onRenewal: (verdict: RenewalVerdict, asked: AskedToken) => void;
}

const lookEveryMs = 30_000;
const mostPerSecond = 1;
const askAgainAfterMs = 60_000;

export class TokenRenewal {
  readonly #o: TokenRenewalOptions;
  readonly #pace: Pace;
  readonly #cloud: Cloud;
  /** Drawn once for each token. */
  readonly #luck = new WeakMap<HeldToken, number>();
  readonly #refused = new WeakSet<HeldToken>();
  /** After a request that said nothing about it, on `timing.now()`'s scale. */
  readonly #notBefore = new WeakMap<HeldToken, number>();

  constructor(options: TokenRenewalOptions) {
    this.#o = options;
    this.#pace = new Pace(mostPerSecond, options.timing);
    this.#cloud = this.#pace.listening(options.cloud);
  }

  /** Resolves when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { link, timing } = this.#o;
    try {
      for (;;) {
        await link.whenOnline(signal);
        this.#pace.begin('slowly');
        while (link.isOnline) {
          await timing.sleep(lookEveryMs * (0.5 + timing.random()), signal);
          await this.#renewDue(signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Those first that end first. */
  async #renewDue(signal: AbortSignal): Promise<void> {
    const { tokens } = this.#o;
    const due = [...tokens.all()].filter((held) => this.#isDue(held)).sort((a, b) => a.expiresMs - b.expiresMs);
    for (const held of due) {
      await this.#pace.turn(signal);
      // kubelet may have asked meanwhile, or the pod be gone.
      if (!this.#o.link.isOnline) return;
      if (tokens.has(held) && this.#isDue(held)) await this.#renew(held, signal);
    }
  }

  #isDue(held: HeldToken): boolean {
    const { time, timing, isRunning } = this.#o;
    if (!time.isCertain || this.#refused.has(held)) return false;
    if ((this.#notBefore.get(held) ?? 0) > timing.now()) return false;
    return time.now() >= renewalDueMs(held, this.#luckOf(held)) && isRunning(held.asked.pod);
  }

  #luckOf(held: HeldToken): number {
    const luck = this.#luck.get(held) ?? this.#o.timing.random();
    this.#luck.set(held, luck);
    return luck;
  }

  async #renew(held: HeldToken, signal: AbortSignal): Promise<void> {
    const { tokens, timing, isRunning, onRenewal } = this.#o;
    const { asked } = held;
    const answer = await this.#ask(asked, signal);
    let verdict =
      answer === undefined ? 'failed' : renewalVerdict(answer.statusCode, isApiserverAnswer(answer.headers));
    if (verdict === 'renewed' && !isRunning(asked.pod)) verdict = 'gone';
    if (verdict === 'renewed') {
      const issued = tokenRequestIn(answer!.body);
      if (issued === undefined || (await tokens.keep(asked, issued, false)) === undefined) verdict = 'failed';
    }
    if (verdict === 'gone') tokens.wipe(asked);
    if (verdict === 'refused') this.#refused.add(held);
    if (verdict === 'failed') this.#notBefore.set(held, timing.now() + askAgainAfterMs);
    onRenewal(verdict, asked);
  }

  /** undefined when no whole answer came: the link has its own watchers. */
  async #ask(asked: AskedToken, signal: AbortSignal): Promise<CloudAnswer | undefined> {
    try {
      return await this.#cloud.send({
        credential: nodeCredential,
        method: 'POST',
        path: pathOf(asked),
        userAgent: this.#o.userAgent,
        body: Buffer.from(stringifyJson(tokenRequestOf(asked))),
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
  }
}

const serviceAccounts = { group: '', version: 'v1', resource: 'serviceaccounts' };

function pathOf({ namespace, serviceAccount }: AskedToken): string {
  return `${collectionPath(serviceAccounts, namespace)}/${encodeURIComponent(serviceAccount)}/token`;
}

function tokenRequestIn(body: Buffer): JsonObject | undefined {
  try {
    const answer = parseJson(body);
    return isJsonObject(answer) ? answer : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
