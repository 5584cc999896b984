// The node's own Lease while the cloud is away: kubelet renews it every ten seconds and is answered from memory. When the
// cloud is back, its newest renewal is the first thing that the cloud hears, so that the node is not taken for dead.
//
// Promise: a cloud that refuses it, or puts it off, holds up nothing else.
import { isJsonObject, type JsonObject, own, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import { isApiserverAnswer } from '../apiserver-answer.ts';
import { nodeCredential } from '../credential.ts';
import type { Cloud, CloudAnswer } from './cloud.ts';
import { type AcceptedWrite, targetPath, type WriteTarget } from './entry.ts';

/** `ended`: the cloud has it or does not want it, so its own word counts again. `later`: it is to be tried again. */
export type LeaseOutcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'ended'; readonly target: WriteTarget; readonly object: JsonObject | undefined }
  | { readonly kind: 'later'; readonly afterMs: number };

const rounds = 5;
const laterMs = 5000;
/** After so many answers in a row that never came the rest goes on without it. */
const patience = 3;

export class NodeLease {
  #newest: AcceptedWrite | undefined;
  #unanswered = 0;

  keep(write: AcceptedWrite): void {
    this.#newest = write;
  }

  get isOwed(): boolean {
    return this.#newest !== undefined;
  }

  /** It is the one that the cloud is to hear of. */
  isKept(write: AcceptedWrite): boolean {
    return this.#newest === write;
  }

  /** The cloud has said how it has the object at this path, and it was renewed there after what is kept, or is that. */
  isOvertakenBy(path: string, body: Buffer): boolean {
    if (this.#newest?.after === undefined || targetPath(this.#newest.target) !== path) return false;
    return isAsNew(objectIn(body), this.#newest.after);
  }

  /** The link is back: what was not answered before it was lost says nothing. */
  begin(): void {
    this.#unanswered = 0;
  }

  /** Nothing of it is told to any cloud. */
  forget(): void {
    this.#newest = undefined;
  }

  /** @throws what `cloud.send` rejects with; the renewal is kept then */
  async renew(cloud: Cloud, signal: AbortSignal): Promise<LeaseOutcome> {
    const write = this.#newest;
    if (write?.after === undefined) return { kind: 'none' };
    try {
      const answer = await this.#send(cloud, write, write.after, signal);
      this.#unanswered = 0;
      if (isLater(answer)) return { kind: 'later', afterMs: laterMs };
      // What was renewed meanwhile is sent with the next call.
      if (this.#newest !== write) return { kind: 'later', afterMs: 0 };
      this.#newest = undefined;
      return {
        kind: 'ended',
        target: write.target,
        object: answer.statusCode < 300 ? objectIn(answer.body) : undefined,
      };
    } catch (error) {
      this.#unanswered += 1;
      if (this.#unanswered < patience || signal.aborted) throw error;
      return { kind: 'later', afterMs: laterMs };
    }
  }

  /** The cloud's last word; when it refuses, kubelet renews it again within ten seconds. */
  async #send(
    cloud: Cloud,
    { target, writer }: AcceptedWrite,
    after: JsonObject,
    signal: AbortSignal,
  ): Promise<CloudAnswer> {
    const path = targetPath(target);
    const request = { credential: nodeCredential, userAgent: writer.userAgent, signal };
    for (let round = 1; ; round++) {
      const seen = await cloud.send({ ...request, method: 'GET', path });
      const present = seen.statusCode === 200 ? objectIn(seen.body) : undefined;
      if (present === undefined && (seen.statusCode !== 404 || isLater(seen))) return seen;
      if (isAsNew(present, after)) return seen; // renewed there since, by kubelet itself
      const body = Buffer.from(stringifyJson(renewed(after, present)));
      const answer =
        present === undefined
          ? await cloud.send({ ...request, method: 'POST', path: path.slice(0, path.lastIndexOf('/')), body })
          : await cloud.send({ ...request, method: 'PUT', path, body });
      if (answer.statusCode !== 409 || round === rounds) return answer;
    }
  }
}

function isLater({ statusCode, headers }: CloudAnswer): boolean {
  return statusCode === 429 || statusCode >= 500 || (statusCode >= 300 && !isApiserverAnswer(headers));
}

function objectIn(body: Buffer): JsonObject | undefined {
  try {
    const value = parseJson(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // as good as a refusal
  }
}

/** By its own word: the one was renewed when the other was, or later. */
function isAsNew(one: JsonObject | undefined, other: JsonObject): boolean {
  return one !== undefined && renewedAt(one) >= renewedAt(other);
}

/** Milliseconds since the epoch; NaN when it does not say. */
function renewedAt(lease: JsonObject): number {
  const spec = own(lease, 'spec');
  const renewTime = isJsonObject(spec) ? own(spec, 'renewTime') : undefined;
  return typeof renewTime === 'string' ? Date.parse(renewTime) : Number.NaN;
}

/** Time and holder as renewed here, everything else as the cloud has it. */
function renewed(edge: JsonObject, cloud: JsonObject | undefined): JsonObject {
  const spec = own(edge, 'spec');
  const metadata = own(edge, 'metadata');
  const clean = isJsonObject(metadata) ? withoutServerFields(metadata) : {};
  if (cloud === undefined) return { ...edge, metadata: clean };
  const theirs = own(cloud, 'spec');
  const owners = isJsonObject(metadata) ? own(metadata, 'ownerReferences') : undefined;
  const kept = own(cloud, 'metadata');
  return {
    ...cloud,
    metadata: { ...(isJsonObject(kept) ? kept : {}), ...(owners !== undefined && { ownerReferences: owners }) },
    spec: { ...(isJsonObject(theirs) ? theirs : {}), ...(isJsonObject(spec) ? spec : {}) },
  };
}

function withoutServerFields(metadata: JsonObject): JsonObject {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    managedFields: _fields,
    ...kept
  } = metadata;
  return kept;
}
