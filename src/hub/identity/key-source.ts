// Reads the cloud's signing keys while the link is up: at once when none are known, daily, and when it accepts a token that
// none of them has signed. Both documents are public, but a node may not read them in every cluster
// (system:service-account-issuer-discovery is bound to service accounts); then they are asked for with the token of a pod
// that has just been accepted. Where nobody may read them, or what comes cannot be used, tokens go on being known one by one,
// and it is told.
import type { CloudTime } from '../../cache/cloud-time.ts';
import { type Credential, nodeCredential } from '../../cache/credential.ts';
import type { LinkGate } from '../../cache/link-gate.ts';
import type { Timing } from '../../cache/timing.ts';
import type { Transport } from '../../cache/transport.ts';
import type { BearerIdentity } from './bearer-identity.ts';
import type { TokenKeys } from './token-keys.ts';

export interface KeySourceOptions {
  readonly keys: TokenKeys;
  readonly transport: Transport;
  readonly link: LinkGate;
  readonly time: CloudTime;
  readonly timing: Timing;
  readonly onRead: (by: 'node' | 'pod') => void;
  /** Nobody who was asked may read them. Status code of the last refusal. */
  readonly onRefused: (statusCode: number) => void;
  /** The cloud has answered, with nothing that can be used. Told once for each reason, until keys are read. */
  readonly onUnusable: (reason: string) => void;
}

type Asked = { readonly document: unknown } | { readonly statusCode: number } | { readonly unusable: string };

const lookEveryMs = 60_000;
const readEveryMs = 24 * 3_600_000;
const afterFailureMs = 60_000;
const afterRefusalMs = 3_600_000;
const lendersLimit = 3;
const bodyLimitBytes = 1024 * 1024;
const idleTimeoutMs = 10_000;

export class KeySource {
  readonly #o: KeySourceOptions;
  /** Account → its newest token; the newest last. */
  readonly #lenders = new Map<string, Credential>();
  /** One for each connection. */
  readonly #heard = new WeakSet<BearerIdentity>();
  #notBefore = 0;
  #isWanted = false;
  #unusable = '';
  #wake = new AbortController();

  constructor(options: KeySourceOptions) {
    this.#o = options;
  }

  /** The cloud has accepted this token. */
  proved(bearer: BearerIdentity, credential: Credential): void {
    const { claimed, claimedUser } = bearer;
    if (claimedUser === undefined || credential.kind !== 'bearer' || this.#heard.has(bearer)) return;
    this.#heard.add(bearer);
    const isNew = !this.#lenders.has(claimed);
    this.#lenders.delete(claimed);
    this.#lenders.set(claimed, credential);
    if (this.#lenders.size > lendersLimit) this.#lenders.delete(this.#lenders.keys().next().value!);
    const { keys, timing } = this.#o;
    if (!keys.lacksKeyOf(credential.token)) return;
    this.#isWanted = true;
    // One more who might be let in, where the others were not.
    if (isNew && keys.size === 0) this.#notBefore = Math.min(this.#notBefore, timing.now());
    this.#wake.abort();
  }

  /** Resolves when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#o.link.whenOnline(signal);
        if (this.#isDue()) await this.#read(signal);
        await this.#rest(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Until it is time to look again, or somebody was let in whose token is a reason to. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { timing } = this.#o;
    this.#wake = new AbortController();
    const woken = this.#wake.signal;
    try {
      await timing.sleep(lookEveryMs * (0.5 + timing.random()), AbortSignal.any([signal, woken]));
    } catch (error) {
      if (!woken.aborted) throw error;
    }
  }

  #isDue(): boolean {
    const { keys, time, timing } = this.#o;
    if (timing.now() < this.#notBefore) return false;
    return this.#isWanted || keys.size === 0 || time.now() - keys.readAtMs >= readEveryMs;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { keys, timing, onRead, onRefused } = this.#o;
    let refusedWith = 0;
    this.#notBefore = timing.now() + afterFailureMs;
    for (const credential of [nodeCredential, ...[...this.#lenders.values()].reverse()]) {
      const configuration = await this.#get('/.well-known/openid-configuration', credential, signal);
      const jwks = 'document' in configuration ? await this.#get('/openid/v1/jwks', credential, signal) : configuration;
      if ('unusable' in jwks) return this.#tellUnusable(jwks.unusable);
      if ('document' in configuration && 'document' in jwks) {
        if (!keys.read(configuration.document, jwks.document)) {
          return this.#tellUnusable('it names no issuer, or no key of a kind that is known here');
        }
        this.#isWanted = false;
        this.#unusable = '';
        onRead(credential.kind === 'node' ? 'node' : 'pod');
        return;
      }
      refusedWith = 'statusCode' in jwks ? jwks.statusCode : 0;
      if (refusedWith !== 401 && refusedWith !== 403 && refusedWith !== 404) return;
    }
    this.#notBefore = timing.now() + afterRefusalMs;
    onRefused(refusedWith);
  }

  #tellUnusable(reason: string): void {
    if (this.#unusable === reason) return;
    this.#unusable = reason;
    this.#o.onUnusable(reason);
  }

  /** Status code 0: no answer. */
  async #get(path: string, credential: Credential, signal: AbortSignal): Promise<Asked> {
    // The apiserver gives the keys in their own media type only.
    const headers = { accept: 'application/jwk-set+json, application/json' };
    try {
      const answer = await this.#o.transport.get({ credential, path, headers, signal, idleTimeoutMs });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of answer.body) {
        bytes += chunk.length;
        if (bytes > bodyLimitBytes) return { unusable: `${path} is larger than ${bodyLimitBytes} bytes` };
        chunks.push(chunk);
      }
      if (answer.statusCode !== 200) return { statusCode: answer.statusCode };
      return readJson(path, Buffer.concat(chunks).toString());
    } catch (error) {
      if (signal.aborted) throw error;
      return { statusCode: 0 }; // the link tells about itself; it is asked for again
    }
  }
}

function readJson(path: string, text: string): Asked {
  try {
    return { document: JSON.parse(text) };
  } catch {
    return { unusable: `${path} is no JSON` };
  }
}
