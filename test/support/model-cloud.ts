// A cluster in a few lines: pods and the Service default/kubernetes under one counter, with lists, watches, compaction and
// cuts. Remembers every state it has been in, so that a test can ask what was true at a version.
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { encodeBookmark, encodeWatchEvent } from '../../src/apimachinery/watch-frame.ts';
import { type Scope, scopeMatches, scopeOf } from '../../src/cache/scope.ts';
import type { Transport, TransportRequest, UpstreamResponse } from '../../src/cache/transport.ts';
import { itemText } from './list-text.ts';
import { pod, pods } from './sample-objects.ts';
import { ScriptedBody } from './scripted-transport.ts';

interface OpenWatch {
  readonly scope: Scope;
  readonly body: ScriptedBody;
}

interface CloudEvent {
  readonly version: number;
  readonly object: KubernetesObject;
  readonly previous: KubernetesObject | undefined;
  readonly isDeletion: boolean;
}

export class ModelCloud implements Transport {
  readonly uid: string;
  readonly firstVersion: number;
  isReachable = true;
  /** 'node' or a token → the status it is refused with. */
  readonly refusals = new Map<string, number>();
  readonly requests: string[] = [];
  #version: number;
  #compactedTo: number;
  readonly #events: CloudEvent[] = [];
  readonly #states: ReadonlyMap<string, KubernetesObject>[] = [new Map()];
  readonly #watches = new Set<OpenWatch>();

  constructor({ uid = 'cluster-1', firstVersion = 100 }: { uid?: string; firstVersion?: number } = {}) {
    this.uid = uid;
    this.firstVersion = firstVersion;
    this.#version = firstVersion;
    this.#compactedTo = firstVersion;
  }

  get version(): number {
    return this.#version;
  }

  stateAt(version: number): ReadonlyMap<string, KubernetesObject> {
    return this.#states[version - this.firstVersion]!;
  }

  put(name: string, labels: Readonly<Record<string, string>> = {}, namespace = 'default'): void {
    const version = this.#version + 1;
    const previous = this.#states.at(-1)!.get(`${namespace}/${name}`);
    const uid = previous?.uid ?? `${name}-${version}`;
    this.#happen({ version, object: pod({ name, namespace, uid, labels, version }), previous, isDeletion: false });
  }

  delete(name: string, namespace = 'default'): void {
    const previous = this.#states.at(-1)!.get(`${namespace}/${name}`);
    if (previous === undefined) return;
    const version = this.#version + 1;
    const { uid, labels } = previous;
    this.#happen({ version, object: pod({ name, namespace, uid, labels, version }), previous, isDeletion: true });
  }

  /** Something changes that no scope holds. */
  elsewhere(): void {
    this.#version += 1;
    this.#states.push(this.#states.at(-1)!);
  }

  compact(): void {
    this.#compactedTo = this.#version;
  }

  bookmarkAll(): void {
    for (const { body } of this.#watches) body.write(this.#bookmark(false));
  }

  /** Breaks every watch. */
  cut(): void {
    for (const { body } of this.#watches) body.fail(new Error('connection reset'));
    this.#watches.clear();
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  async get(request: TransportRequest): Promise<UpstreamResponse> {
    const { credential, path, signal } = request;
    const url = new URL(path, 'http://cloud');
    const isWatch = url.searchParams.get('watch') === 'true';
    this.requests.push(`${isWatch ? 'WATCH' : 'LIST'} ${path}`);
    await undefined;
    signal.throwIfAborted();
    if (!this.isReachable) throw new Error('unreachable');
    if (url.pathname.endsWith('/services')) return this.#answer(request, this.#services());
    const refusal = this.refusals.get(credential.kind === 'node' ? 'node' : credential.token);
    if (refusal !== undefined) return this.#answer(request, JSON.stringify({ kind: 'Status', code: refusal }), refusal);
    const scope = scopeFrom(url);
    if (!isWatch) return this.#answer(request, this.#list(scope));
    return this.#watch(request, scope, url.searchParams);
  }

  #happen(event: CloudEvent): void {
    this.#version = event.version;
    const state = new Map(this.#states.at(-1)!);
    if (event.isDeletion) state.delete(event.object.key);
    else state.set(event.object.key, event.object);
    this.#states.push(state);
    this.#events.push(event);
    for (const { scope, body } of this.#watches) tell(scope, body, event);
  }

  #watch(request: TransportRequest, scope: Scope, query: URLSearchParams): UpstreamResponse {
    const since = Number(query.get('resourceVersion') ?? '0');
    const wantsInitial = query.get('sendInitialEvents') === 'true';
    if (!wantsInitial && since < this.#compactedTo) {
      return this.#answer(request, JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired' }), 410);
    }
    const body = new ScriptedBody();
    if (wantsInitial) {
      for (const object of this.#matching(scope)) body.write(encodeWatchEvent('ADDED', object.body));
      body.write(this.#bookmark(true));
    } else for (const event of this.#events) if (event.version > since) tell(scope, body, event);
    const watch = { scope, body };
    this.#watches.add(watch);
    request.signal.addEventListener('abort', () => this.#watches.delete(watch), { once: true });
    return { statusCode: 200, headers: {}, body: body.asBody(request.signal) };
  }

  #bookmark(initialEventsEnd: boolean): Buffer {
    const resourceVersion = String(this.#version);
    return encodeBookmark({ kind: 'Pod', apiVersion: 'v1', resourceVersion, initialEventsEnd });
  }

  #matching(scope: Scope): readonly KubernetesObject[] {
    return [...this.#states.at(-1)!.values()].filter((object) => scopeMatches(scope, object));
  }

  #list(scope: Scope): string {
    return this.#listOf(
      'PodList',
      this.#matching(scope).map((object) => itemText(object).toString()),
    );
  }

  #services(): string {
    const metadata = { name: 'kubernetes', namespace: 'default', uid: this.uid, resourceVersion: '1' };
    return this.#listOf('ServiceList', [JSON.stringify({ metadata })]);
  }

  #listOf(kind: string, items: readonly string[]): string {
    return `{"kind":"${kind}","apiVersion":"v1","metadata":{"resourceVersion":"${this.#version}"},"items":[${items.join(',')}]}`;
  }

  #answer({ signal }: TransportRequest, text: string, statusCode = 200): UpstreamResponse {
    return {
      statusCode,
      headers: { 'content-type': 'application/json' },
      body: new ScriptedBody().write(text).end().asBody(signal),
    };
  }
}

/** Leaving a selector is DELETED with the last state that was in it, at the version of the change; entering it is ADDED. */
function tell(scope: Scope, body: ScriptedBody, { object, previous, isDeletion, version }: CloudEvent): void {
  const was = previous !== undefined && scopeMatches(scope, previous);
  const is = !isDeletion && scopeMatches(scope, object);
  if (is) body.write(encodeWatchEvent(was ? 'MODIFIED' : 'ADDED', object.body));
  else if (was) {
    const { name, namespace, uid, labels } = previous;
    body.write(encodeWatchEvent('DELETED', pod({ name, namespace, uid, labels, version }).body));
  }
}

function scopeFrom({ pathname, searchParams }: URL): Scope {
  return scopeOf({
    gvr: pods,
    namespace: /^\/api\/v1\/namespaces\/([^/]+)\//.exec(pathname)?.[1] ?? '',
    labelSelector: searchParams.get('labelSelector') ?? '',
    fieldSelector: searchParams.get('fieldSelector') ?? '',
  });
}
