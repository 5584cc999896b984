// What the apiserver's own audit log says was done to each object: the proof that nothing was done twice, or out of turn.
import { open } from 'node:fs/promises';
import type { Found, Ledger } from './ledger.ts';
import { fieldsOf } from './subjects.ts';

/** Whole answers for what the crash test writes; nothing for reads. */
export const writesPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
omitManagedFields: true
rules:
- level: None
  users: ["system:apiserver"]
- level: None
  verbs: [get, list, watch]
- level: RequestResponse
  resources:
  - group: ""
    resources: [configmaps, events, nodes, nodes/status, pods, pods/status]
- level: Metadata
`;

interface Audited {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code: number };
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
  readonly responseObject?: any;
}

/** One request that the apiserver answered with 2xx. */
interface Done {
  readonly verb: string;
  readonly at: string;
  readonly by: string;
  readonly version: bigint;
  readonly uid: string;
  readonly fields: Exclude<Found, undefined>;
}

export class AuditedWrites {
  readonly #file: string;
  readonly #done = new Map<string, Done[]>();
  #offset = 0;
  #rest = '';
  #requests = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Answered with 2xx, as far as read. */
  get requests(): number {
    return this.#requests;
  }

  /** Those that have changed something. */
  get changes(): number {
    return [...this.#done.values()].reduce((sum, done) => sum + new Set(done.map(({ version }) => version)).size, 0);
  }

  /** Reads on where the last call ended. */
  async read(): Promise<void> {
    const file = await open(this.#file);
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read({ buffer: Buffer.alloc(size - this.#offset), position: this.#offset });
      this.#offset = size;
      const lines = (this.#rest + buffer.toString()).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line) as Audited);
    } finally {
      await file.close();
    }
  }

  #take(audited: Audited): void {
    const { verb, objectRef, responseStatus, responseObject, user, userAgent, requestReceivedTimestamp } = audited;
    if (objectRef === undefined || (responseStatus?.code ?? 500) >= 300 || user.username === 'admin') return;
    const { resource, namespace, name = responseObject?.metadata?.name } = objectRef;
    const path = `/api/v1${namespace ? `/namespaces/${namespace}` : ''}/${resource}/${name}`;
    const done = this.#done.get(path) ?? [];
    this.#done.set(path, done);
    this.#requests += 1;
    const isGone = responseObject?.kind === 'Status';
    done.push({
      verb,
      at: requestReceivedTimestamp,
      by: userAgent,
      version: BigInt(responseObject?.metadata?.resourceVersion ?? 0),
      uid: (isGone ? responseObject.details?.uid : responseObject?.metadata?.uid) ?? '',
      fields: isGone ? {} : fieldsOf(responseObject ?? {}),
    });
  }

  /** Everything that the apiserver did to this object on request, in its order. */
  history(path: string): readonly string[] {
    return (this.#done.get(path) ?? []).map(
      ({ verb, at, by, version, uid, fields }) => `${at} ${verb} ${version} ${uid} ${JSON.stringify(fields)} ${by}`,
    );
  }

  /** What was done to this object more often than it was asked for, or in a wrong order. */
  problems(path: string, ledger: Ledger): readonly string[] {
    const writes = ledger.writesOf(path).filter(({ outcome }) => outcome !== 'refused');
    const done = this.#done.get(path) ?? [];
    const problems: string[] = [];
    const asked = (kind: string): number => writes.filter((write) => write.kind === kind).length;
    const made = done.filter(({ verb }) => verb === 'create');
    // What the node has gone on writing while a deletion without an answer was done in the cloud is made there anew.
    const deletedUnheard = writes.filter(({ kind, outcome }) => kind === 'delete' && outcome === 'unknown').length;
    const mayBeMade = asked('create') + deletedUnheard;
    if (made.length > mayBeMade) problems.push(`${path}: created ${made.length} times, asked ${mayBeMade}`);
    const removed = done.filter(({ verb }) => verb === 'delete').map(({ uid }) => uid);
    if (removed.length > asked('delete')) problems.push(`${path}: deleted ${removed.length} times`);
    if (new Set(removed).size < removed.length) problems.push(`${path}: one object was deleted twice`);
    let last: Done | undefined;
    for (const change of done.filter(({ verb }) => verb !== 'delete').sort((a, b) => Number(a.version - b.version))) {
      if (change.version === last?.version) continue; // answered, and nothing was changed
      const number = Number(change.fields.n);
      const before = last === undefined ? 0 : Number(last.fields.n);
      const words = `${change.verb} by ${change.by} at ${change.at}, after ${last?.verb} by ${last?.by} at ${last?.at}`;
      if (number === before) problems.push(`${path}: write ${number} was applied twice (${words})`);
      if (number < before) problems.push(`${path}: write ${number} came after ${before} (${words})`);
      if (!writes.some((write) => write.number === number)) problems.push(`${path}: nobody wrote ${number} (${words})`);
      last = change;
    }
    return problems;
  }
}
