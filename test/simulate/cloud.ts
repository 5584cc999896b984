// A kube-apiserver in memory: reads and writes over a CloudStore as requests and answers, with watches that are told every
// change, bookmarks, and 410 for what was compacted. Whether it is reached at all is the network's business.
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { parseRequestInfo, type RequestInfo } from '../../src/apimachinery/request-info.ts';
import {
  expired,
  internalError,
  notFound,
  StatusError,
  tooManyRequests,
  unauthorized,
} from '../../src/apimachinery/status.ts';
import { encodeBookmark, encodeWatchEvent } from '../../src/apimachinery/watch-frame.ts';
import { type Scope, scopeMatches, scopeOf } from '../../src/cache/scope.ts';
import { type Applied, CloudStore, type Place, pathOf } from './cloud-store.ts';
import { write } from './cloud-writes.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface CloudRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer | undefined;
  /** Undefined for the node. */
  readonly token?: string | undefined;
}

export interface CloudReply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** There is more to come: begins the stream, and answers how to end it. */
  readonly follow?: ((tell: (frame: Buffer) => void, end: () => void) => () => void) | undefined;
}

export const kinds: Readonly<Record<string, string>> = {
  configmaps: 'ConfigMap',
  events: 'Event',
  leases: 'Lease',
  nodes: 'Node',
  pods: 'Pod',
  services: 'Service',
};

/** So often something changes elsewhere in the cluster. */
const elsewhereMs = 150;

/** Hears of every change from the moment it is accepted; what comes before anybody listens waits. */
class Watch {
  readonly scope: Scope;
  readonly #waiting: (() => void)[] = [];
  #listener: { tell(frame: Buffer): void; end(): void } | undefined;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  listen(tell: (frame: Buffer) => void, end: () => void): void {
    this.#listener = { tell, end };
    for (const one of this.#waiting) one();
  }

  tell(frame: Buffer): void {
    if (this.#listener === undefined) this.#waiting.push(() => this.#listener?.tell(frame));
    else this.#listener.tell(frame);
  }

  end(): void {
    if (this.#listener === undefined) this.#waiting.push(() => this.#listener?.end());
    else this.#listener.end();
  }
}

export class SimCloud {
  readonly store: CloudStore;
  readonly tokens = new Set<string>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #watches = new Set<Watch>();
  /** So many requests are answered 429 or 500; of the latter, half of the writes were applied all the same. */
  faultProbability = 0;
  readonly #passing: () => void;

  constructor(cluster: string, firstVersion: number, scheduler: Scheduler, random: Random) {
    const bornAt = scheduler.now;
    this.#passing = () => this.store.passTo(firstVersion + Math.floor((scheduler.now - bornAt) / elsewhereMs));
    this.store = new CloudStore(cluster, firstVersion);
    this.#scheduler = scheduler;
    this.#random = random;
    this.store.onApplied = (applied) => this.#tell(applied);
    this.put('services', 'default', 'kubernetes', { spec: {} });
  }

  bookmarkAll(): void {
    this.#passing();
    for (const watch of this.#watches) watch.tell(this.#bookmark(watch.scope, false));
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  handle(request: CloudRequest): CloudReply {
    this.#passing();
    try {
      return this.#answer(request);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return this.#reply(error.status.code, error.status as unknown as JsonObject);
    }
  }

  #answer(request: CloudRequest): CloudReply {
    if (request.token !== undefined && !this.tokens.has(request.token)) throw unauthorized();
    const info = parseRequestInfo(request.method, request.path);
    const isFaulty = info.verb !== 'watch' && this.#random.chance(this.faultProbability);
    if (isFaulty && this.#random.chance(0.5)) throw tooManyRequests('too many requests', 1);
    if (isFaulty && this.#random.chance(0.5)) throw internalError('etcdserver: no leader');
    const reply = this.#perform(request, info);
    if (isFaulty) throw internalError('etcdserver: request timed out');
    return reply;
  }

  #perform(request: CloudRequest, info: RequestInfo): CloudReply {
    if (info.path === '/version') return this.#reply(200, { major: '1', minor: '35' });
    if (info.gvr === undefined || kinds[info.resource] === undefined)
      throw notFound({ group: '', resource: info.path }, '');
    if (info.verb === 'list') return this.#list(scopeFrom(info));
    if (info.verb === 'watch') return this.#watch(info);
    const body =
      request.body === undefined || request.body.length === 0 ? undefined : JSON.parse(request.body.toString());
    const place: Place = { gvr: info.gvr, namespace: info.namespace, name: info.name || (body?.metadata?.name ?? '') };
    if (info.verb === 'get') {
      const stored = this.store.get(pathOf(place));
      if (stored === undefined) throw notFound(place.gvr, place.name);
      return this.#reply(200, stored.value);
    }
    const { statusCode, value } = write(this.store, {
      verb: info.verb as 'create',
      place,
      subresource: info.subresource,
      body,
      contentType: request.headers['content-type'] ?? '',
      agent: request.headers['user-agent'] ?? '',
      at: this.#scheduler.now,
      time: `${new Date(this.#scheduler.trueTime).toISOString().slice(0, 19)}Z`,
    });
    return this.#reply(statusCode, value);
  }

  #list(scope: Scope): CloudReply {
    const items = this.#matching(scope).map(({ value }) => value);
    const kind = `${kinds[scope.gvr.resource]}List`;
    const { group, version } = scope.gvr;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    return this.#reply(200, { kind, apiVersion, metadata: { resourceVersion: String(this.store.version) }, items });
  }

  #matching(scope: Scope): { readonly value: JsonObject }[] {
    return [...this.store.ofResource(scope.gvr)].filter(({ object }) => scopeMatches(scope, object));
  }

  #watch(info: RequestInfo): CloudReply {
    const scope = scopeFrom(info);
    const since = Number(info.query.get('resourceVersion') || '0');
    const wantsInitial = info.query.get('sendInitialEvents') === 'true';
    if (!wantsInitial && since < this.store.compactedTo) throw expired(`too old resource version: ${since}`);
    if (since > this.store.version)
      throw new StatusError({ ...expired('too large').status, code: 504, reason: 'Timeout' });
    const frames: Buffer[] = [];
    if (wantsInitial) {
      for (const { value } of this.#matching(scope)) frames.push(frame('ADDED', value));
      frames.push(this.#bookmark(scope, true));
    } else {
      const missed = this.store.applied.filter(({ version }) => version > since);
      for (const applied of missed) frames.push(...framesOf(scope, applied));
    }
    const watch = new Watch(scope);
    this.#watches.add(watch);
    const stop = (): boolean => this.#watches.delete(watch);
    this.#scheduler.after(1000 * Number(info.query.get('timeoutSeconds') ?? '1800'), { isOver: false }, () => {
      if (stop()) watch.end();
    });
    return {
      ...this.#reply(200, {}),
      body: Buffer.concat(frames),
      follow: (tell, end) => {
        watch.listen(tell, end);
        return stop;
      },
    };
  }

  #tell(applied: Applied): void {
    for (const watch of this.#watches) for (const one of framesOf(watch.scope, applied)) watch.tell(one);
  }

  #bookmark({ gvr }: Scope, initialEventsEnd: boolean): Buffer {
    const apiVersion = gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`;
    const resourceVersion = String(this.store.version);
    return encodeBookmark({ kind: kinds[gvr.resource]!, apiVersion, resourceVersion, initialEventsEnd });
  }

  #reply(statusCode: number, value: JsonObject): CloudReply {
    const date = new Date(this.#scheduler.trueTime).toUTCString();
    const headers = { 'content-type': 'application/json', 'audit-id': 'simulated', date };
    return { statusCode, headers, body: Buffer.from(JSON.stringify(value)) };
  }

  /** Made or changed by somebody who is no client of the hub. */
  put(resource: string, namespace: string, name: string, change: JsonObject, agent = 'cluster/0'): void {
    this.#passing();
    const group = resource === 'leases' ? 'coordination.k8s.io' : '';
    const place: Place = { gvr: { group, version: 'v1', resource }, namespace, name };
    const known = this.store.get(pathOf(place))?.value;
    const apiVersion = group === '' ? 'v1' : `${group}/v1`;
    const metadata = {
      name,
      ...(namespace !== '' && { namespace }),
      uid: this.store.newUid(),
      creationTimestamp: '2023-01-01T00:00:00Z',
      ...(known?.metadata as JsonObject | undefined),
      ...(change.metadata as JsonObject | undefined),
    };
    const value = { kind: kinds[resource]!, apiVersion, ...known, ...change, metadata };
    this.store.put(place, value, agent, this.#scheduler.now);
  }
}

function frame(type: 'ADDED' | 'MODIFIED' | 'DELETED', value: JsonObject): Buffer {
  return encodeWatchEvent(type, Buffer.from(JSON.stringify(value)));
}

/** Leaving a selector is DELETED with the last state that was in it, at the version of the change; entering it is ADDED. */
function framesOf(scope: Scope, { type, place, before, after, version }: Applied): readonly Buffer[] {
  if (place.gvr.resource !== scope.gvr.resource || place.gvr.group !== scope.gvr.group) return [];
  const was = before !== undefined && scopeMatches(scope, before.object);
  const is = type !== 'DELETED' && scopeMatches(scope, after.object);
  if (is) return [frame(was ? 'MODIFIED' : 'ADDED', after.value)];
  if (!was) return [];
  const metadata = { ...(before.value.metadata as JsonObject), resourceVersion: String(version) };
  return [frame('DELETED', { ...before.value, metadata })];
}

function scopeFrom({ gvr, namespace, query }: RequestInfo): Scope {
  return scopeOf({
    gvr: gvr!,
    namespace,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  });
}
