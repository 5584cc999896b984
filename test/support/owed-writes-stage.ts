// Writes that are owed to a cloud, over a disk and a cloud in memory. The cloud judges versions as an apiserver does.
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../src/apimachinery/json.ts';
import { jsonMergePatch } from '../../src/apimachinery/patch/json-merge-patch.ts';
import type { FollowedScope } from '../../src/cache/followed-scope.ts';
import type { CallerOfWrite } from '../../src/cache/outbox/caller-of-write.ts';
import type { Cloud, CloudAnswer, CloudRequest } from '../../src/cache/outbox/cloud.ts';
import { type OutboxEntry, targetPath } from '../../src/cache/outbox/entry.ts';
import type { Outcome } from '../../src/cache/outbox/outcome.ts';
import { OwedWrites } from '../../src/cache/outbox/owed-writes.ts';
import { type ConflictPolicy, writePolicy } from '../../src/cache/writes/policy.ts';
import type { ComputedWrite, WriteRequest } from '../../src/cache/writes/write-request.ts';
import { ManualLink, ManualTiming } from './manual-timing.ts';
import { MemoryRecords } from './memory-records.ts';

export const maps = '/api/v1/namespaces/default/configmaps';

/** May be written here. */
const kinds: Readonly<
  Record<string, { readonly kind: string; readonly group?: string; readonly hasStatus?: boolean | undefined }>
> = {
  configmaps: { kind: 'ConfigMap' },
  secrets: { kind: 'Secret' },
  widgets: { kind: 'Widget', group: 'example.com', hasStatus: true },
  gadgets: { kind: 'Gadget', group: 'example.com', hasStatus: false },
  /** Nobody has read discovery for these. */
  riddles: { kind: 'Riddle', group: 'example.com' },
};

export class ObjectCloud implements Cloud {
  readonly objects = new Map<string, JsonObject>();
  readonly requests: CloudRequest[] = [];
  #version = 100;
  /** Answers in the place of the cloud when it gives something. */
  refuse: (request: CloudRequest) => { readonly code: number; readonly message: string } | undefined = () => undefined;

  put(path: string, object: JsonObject): JsonObject {
    this.#version += 1;
    const known = this.objects.get(path)?.metadata as JsonObject | undefined;
    const metadata = {
      uid: `cloud-${this.#version}`,
      ...(object.metadata as JsonObject),
      ...(known && { uid: known.uid! }),
      resourceVersion: String(this.#version),
    };
    const stored = { ...object, metadata };
    this.objects.set(path, stored);
    return stored;
  }

  async send(request: CloudRequest): Promise<CloudAnswer> {
    this.requests.push(request);
    const refusal = this.refuse(request);
    if (refusal !== undefined) return failure(refusal.code, refusal.message);
    const whole = request.path.replace(/\?.*/, '');
    const path = whole.replace(/\/status$/, '');
    const body = request.body === undefined ? undefined : (parseJson(request.body) as JsonObject);
    if (request.method === 'POST') {
      const own = `${path}/${(body!.metadata as JsonObject).name}`;
      if (this.objects.has(own)) return failure(409, 'already exists');
      return success(201, this.put(own, body!));
    }
    const known = this.objects.get(path);
    if (known === undefined) return failure(404, 'not found');
    if (request.method === 'GET') return success(200, known);
    if (request.method === 'DELETE') return this.#delete(path, known, (body?.preconditions ?? {}) as JsonObject);
    if (request.method === 'PATCH' && Object.keys(body!).length === 0) return success(200, known);
    const { resourceVersion } = body!.metadata as JsonObject;
    if (resourceVersion !== (known.metadata as JsonObject).resourceVersion) return failure(409, 'conflict');
    const object = request.method === 'PATCH' ? (jsonMergePatch(known, body!) as JsonObject) : body!;
    if (whole === path) return success(200, this.#letGo(path, this.put(path, object)));
    return success(200, this.put(path, { ...known, status: object.status ?? {} }));
  }

  /** Finalizers hold it, until the last one is taken off. */
  #delete(path: string, known: JsonObject, preconditions: JsonObject): CloudAnswer {
    const metadata = known.metadata as JsonObject;
    for (const field of ['uid', 'resourceVersion']) {
      if ((preconditions[field] ?? metadata[field]) !== metadata[field]) return failure(409, `another ${field}`);
    }
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    if (isHeld(known)) return success(200, this.put(path, { ...known, metadata: { ...metadata, deletionTimestamp } }));
    this.objects.delete(path);
    return success(200, known);
  }

  #letGo(path: string, object: JsonObject): JsonObject {
    const { deletionTimestamp } = object.metadata as JsonObject;
    if (deletionTimestamp !== undefined && !isHeld(object)) this.objects.delete(path);
    return object;
  }
}

export class OwedWritesStage {
  readonly link = new ManualLink();
  readonly timing = new ManualTiming();
  readonly cloud: ObjectCloud;
  readonly records: MemoryRecords;
  /** One line for each event. */
  readonly log: string[] = [];
  readonly parked: OutboxEntry[] = [];
  /** Of whatever is written to. */
  readonly scopes: FollowedScope[] = [];
  readonly writes: OwedWrites;

  private constructor(conflict: ConflictPolicy, records: MemoryRecords, cloud: ObjectCloud, nodeName: string) {
    this.records = records;
    this.cloud = cloud;
    this.link.isOnline = false;
    const { log } = this;
    let uids = 0;
    this.writes = new OwedWrites(
      {
        records,
        link: this.link,
        timing: this.timing,
        wallClock: () => this.timing.wallClock(),
        cloud,
        nodeName,
        userAgent: 'holdfast/test',
        policy: writePolicy(
          Object.entries(kinds).map(([resource, { group = '' }]) => ({ group, resource, conflict })),
          'node-1',
        ),
        mightKeep: () => true,
        limits: { entries: 100, bytes: 1_000_000, events: 50 },
        perSecond: Number.POSITIVE_INFINITY,
        jitterMs: 0,
        newUid: () => `edge-${++uids}`,
        nameSuffix: () => 'bcdfg',
        events: {
          accepted: ({ target }) => log.push(`accepted ${target.kind}`),
          dropped: (entries) => log.push(`dropped ${entries.length}`),
          unreadable: (key) => log.push(`unreadable ${key}`),
          parked: (entry) => {
            this.parked.push(entry);
            log.push(`parked ${entry.sequence}`);
          },
          untold: ({ sequence }, error) => log.push(`untold ${sequence}: ${error}`),
          replayed: ({ sequence, target }, reason) => log.push(`${reason} ${target.kind} ${sequence}`),
          replayBegan: () => {},
          replayInterrupted: (error) => log.push(`interrupted ${error}`),
          replayEnded: () => {},
          diskChanged: (error) => log.push(error === undefined ? 'the disk goes on' : `the disk is behind: ${error}`),
          meantForAnother: (entries, what) => log.push(`${entries.length} of another ${what}`),
        },
      },
      {
        cluster: { verify: async () => {}, doubt: () => {} },
        cloudObject: (target) => {
          const object = cloud.objects.get(targetPath(target));
          if (object === undefined) return 'absent';
          return {
            body: Buffer.from(stringifyJson(object)),
            resourceVersion: String((object.metadata as JsonObject).resourceVersion),
          };
        },
        hasStatus: ({ resource }) => kinds[resource]?.hasStatus,
        scopesOf: () => this.scopes,
        newestVersion: () => '1000',
        hear: async () => {},
        forget: () => {},
      },
    );
  }

  /** Cut off from the cloud. */
  static async open({
    conflict = 'cloud-wins',
    records = new MemoryRecords(),
    cloud = new ObjectCloud(),
    nodeName = 'node-1',
  }: {
    conflict?: ConflictPolicy;
    records?: MemoryRecords;
    cloud?: ObjectCloud;
    nodeName?: string;
  } = {}): Promise<OwedWritesStage> {
    const stage = new OwedWritesStage(conflict, records, cloud, nodeName);
    await stage.writes.restore();
    stage.writes.start((error) => stage.log.push(`crashed ${error}`));
    return stage;
  }

  patch(name: string, body: JsonObject, resource = 'configmaps'): Promise<unknown> {
    const verb = 'patch';
    return this.write({ verb, name, body, patchType: 'merge', ...kindOf(resource) });
  }

  create(name: string, data: JsonObject, resource = 'configmaps'): Promise<unknown> {
    const { kind } = kindOf(resource);
    const body = { apiVersion: 'v1', kind, metadata: { name, namespace: 'default' }, data };
    return this.write({ verb: 'create', name: '', body, ...kindOf(resource) });
  }

  delete(name: string): Promise<unknown> {
    return this.write({ verb: 'delete', name, body: undefined, ...kindOf('configmaps') });
  }

  /** An entry made in the cloud and here at once, so that both sides change `data.color`. */
  async conflict(): Promise<void> {
    this.cloud.put(`${maps}/web`, configMap('web', { color: 'red', size: '1' }));
    await this.patch('web', { data: { color: 'blue', size: '2' } });
    this.cloud.put(`${maps}/web`, configMap('web', { color: 'green', size: '1' }));
  }

  /** Online until everything that is owed has been told, Events too. */
  async heal(): Promise<void> {
    this.link.set(true);
    await this.until(() => this.writes.outbox.pending.length === 0);
  }

  /** Who sleeps is woken meanwhile. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!holds() && this.timing.sleepers > 0) await this.timing.wake();
    }
  }

  async write(
    request: Omit<WriteRequest, 'gvr' | 'apiVersion' | 'namespace' | 'subresource' | 'query'> &
      Named &
      Partial<WriteRequest>,
    outcome?: Outcome,
  ): Promise<ComputedWrite> {
    const caller: CallerOfWrite = {
      identity: 'sa:default:writer:0123',
      userAgent: 'kubectl/v1.35.0',
      fieldManager: 'kubectl-edit',
      token: 'token-of-the-writer',
      isNode: false,
      mayWrite: () => true,
    };
    const query = { dryRun: false, fieldManager: 'kubectl-edit' };
    return this.writes.accept(
      { apiVersion: 'v1', namespace: 'default', subresource: '', query, ...request },
      caller,
      outcome,
    );
  }
}

function isHeld({ metadata }: JsonObject): boolean {
  const { finalizers } = metadata as JsonObject;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

type Named = Pick<WriteRequest, 'gvr'>;

export function configMap(name: string, data: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data };
}

export function kindOf(resource: string): Pick<WriteRequest, 'gvr' | 'kind' | 'apiVersion'> {
  const { kind, group = '' } = kinds[resource]!;
  return { kind, gvr: { group, version: 'v1', resource }, apiVersion: group === '' ? 'v1' : `${group}/v1` };
}

function success(statusCode: number, object: JsonObject): CloudAnswer {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: Buffer.from(stringifyJson(object)) };
}

function failure(code: number, message: string): CloudAnswer {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code };
  return {
    statusCode: code,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(stringifyJson(status)),
  };
}

/** What the object at this path says under `data`. */
export function dataOf(cloud: ObjectCloud, name: string): JsonObject | undefined {
  const data = cloud.objects.get(`${maps}/${name}`)?.data;
  return isJsonObject(data) ? data : undefined;
}
