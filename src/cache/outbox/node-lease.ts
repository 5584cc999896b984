// The node's own Lease while the cloud is away: kubelet renews it every ten seconds and is answered from memory. When the
// cloud is back, its newest renewal is the first thing that the cloud hears, so that the node is not taken for dead.
import { isJsonObject, type JsonObject, own, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import { nodeCredential } from '../credential.ts';
import type { Cloud } from './cloud.ts';
import { type AcceptedWrite, targetPath } from './entry.ts';
import { untilEither } from './until-either.ts';

const rounds = 5;

export class NodeLease {
  #newest: AcceptedWrite | undefined;
  #renewed = Promise.withResolvers<void>();

  keep(write: AcceptedWrite): void {
    if (this.#newest === undefined) this.#renewed = Promise.withResolvers<void>();
    this.#newest = write;
  }

  get isOwed(): boolean {
    return this.#newest !== undefined;
  }

  /** Resolves when the cloud has heard of the newest renewal. Rejects when the signal aborts. */
  async whenRenewed(signal: AbortSignal): Promise<void> {
    while (this.isOwed) await untilEither(this.#renewed.promise, signal);
  }

  /**
   * Resolves with the path of the Lease when the cloud has the newest renewal, with undefined when there was none.
   * @throws what `cloud.send` rejects with; the renewal is kept then
   */
  async renew(cloud: Cloud, signal: AbortSignal): Promise<string | undefined> {
    const write = this.#newest;
    if (write?.after === undefined) return undefined;
    const path = targetPath(write.target);
    const request = { credential: nodeCredential, userAgent: write.writer.userAgent, signal };
    for (let round = 0; round < rounds; round++) {
      const seen = await cloud.send({ ...request, method: 'GET', path });
      const present = seen.statusCode === 200 ? parseJson(seen.body) : undefined;
      const body = Buffer.from(stringifyJson(renewed(write.after, isJsonObject(present) ? present : undefined)));
      const answer =
        present === undefined
          ? await cloud.send({ ...request, method: 'POST', path: path.slice(0, path.lastIndexOf('/')), body })
          : await cloud.send({ ...request, method: 'PUT', path, body });
      if (answer.statusCode !== 409) break; // renewed, or refused: kubelet renews it again within ten seconds
    }
    if (this.#newest === write) {
      this.#newest = undefined;
      this.#renewed.resolve();
    }
    return path;
  }
}

/** Time and holder as renewed here, everything else as the cloud has it. */
export function renewed(edge: JsonObject, cloud: JsonObject | undefined): JsonObject {
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
