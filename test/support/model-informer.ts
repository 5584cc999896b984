// A client as client-go's informers are: it lists, watches from the version of the list, applies every event, resumes by
// version when a stream ends, and lists again when it is told 410.
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { compareResourceVersion } from '../../src/apimachinery/resource-version.ts';
import { StatusError } from '../../src/apimachinery/status.ts';
import type { Cache } from '../../src/cache/cache.ts';
import type { FollowedScope } from '../../src/cache/followed-scope.ts';
import { type Scope, scopeMatches } from '../../src/cache/scope.ts';
import { Watcher } from '../../src/cache/watch/watcher.ts';
import { RecordingSink } from './recording-sink.ts';

export class ModelInformer {
  readonly scope: Scope;
  /** key → `uid@version` */
  readonly store = new Map<string, string>();
  /** '' before the first list and after a 410. */
  version = '';
  lists = 0;
  #highest = '0';
  #sink: RecordingSink | undefined;
  #read = 0;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** Does what can be done now. Throws when a version goes back. */
  step(cache: Cache): void {
    this.#takeIn();
    if (this.#sink !== undefined && !this.#sink.isEnded) return;
    const followed = cache.scopes.answering(this.scope);
    if (followed === undefined) return;
    if (this.version !== '' && this.#watch(followed)) return;
    this.#list(followed);
    this.#watch(followed);
  }

  /** Has read the most recent state elsewhere: from the cloud itself, by way of the hub. */
  take(version: number, objects: Iterable<KubernetesObject>): void {
    this.disconnect();
    this.#replace(objects);
    this.#move(String(version), 'list of the cloud');
  }

  disconnect(): void {
    this.#takeIn();
    this.#sink = undefined;
  }

  #list(followed: FollowedScope): void {
    this.lists += 1;
    this.#replace(followed.snapshot.sorted());
    this.#move(followed.snapshot.resourceVersion, 'list');
  }

  #replace(objects: Iterable<KubernetesObject>): void {
    this.store.clear();
    for (const object of objects) {
      if (scopeMatches(this.scope, object)) this.store.set(object.key, `${object.uid}@${object.resourceVersion}`);
    }
  }

  #watch(followed: FollowedScope): boolean {
    const sink = new RecordingSink();
    try {
      const watcher = new Watcher({
        followed,
        scope: this.scope,
        resourceVersion: this.version,
        sendInitialEvents: false,
        markInitialEventsEnd: false,
        allowBookmarks: true,
        render: undefined,
        sink,
        now: 0,
        deadline: Number.POSITIVE_INFINITY,
        onEnd: () => {},
      });
      this.#sink = sink;
      this.#read = 0;
      watcher.changed();
    } catch (error) {
      if (!(error instanceof StatusError) || error.status.code !== 410) throw error;
      return false;
    }
    this.#takeIn();
    return true;
  }

  #takeIn(): void {
    for (; this.#sink !== undefined && this.#read < this.#sink.events.length; this.#read += 1) {
      const { type, object } = this.#sink.events[this.#read]!;
      if (type === 'ERROR') {
        this.version = '';
        continue;
      }
      const { name, namespace, uid, resourceVersion } = object.metadata;
      if (type === 'DELETED') this.store.delete(`${namespace}/${name}`);
      else if (type !== 'BOOKMARK') this.store.set(`${namespace}/${name}`, `${uid}@${resourceVersion}`);
      this.#move(resourceVersion, type);
    }
  }

  #move(version: string, how: string): void {
    if (compareResourceVersion(version, this.#highest) < 0) {
      throw new Error(`${how} of ${this.scope.id} went back from ${this.#highest} to ${version}`);
    }
    this.version = version;
    this.#highest = version;
  }
}
