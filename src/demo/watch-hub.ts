// All open watches: each gets the events of its kind that touch its selection, as transitions of that selection, with
// bookmarks, until its deadline. An event is encoded once for all who see it the same way.
// Source: apiserver pkg/storage/cacher (cache_watcher.go, watch_cache.go), pkg/endpoints/handlers/watch.go.

import type { Clock } from '../apimachinery/clock.ts';
import { expired, StatusError } from '../apimachinery/status.ts';
import { encodeBookmark, encodeWatchEvent, type WatchEventType } from '../apimachinery/watch-frame.ts';
import { encodeJson } from './document.ts';
import { untilRevision } from './list-objects.ts';
import { type ListOptions, parseRevision } from './list-options.ts';
import type { Random } from './random.ts';
import type { Rendering } from './rendering.ts';
import type { Reply } from './reply.ts';
import { apiVersionOfDefinition, type ResourceDefinition } from './resource-definitions.ts';
import { CompactedError, type StoreEvent } from './revision-log.ts';
import type { Selection } from './selection.ts';
import type { ObjectStore } from './store.ts';
import { atRevision, type StoredObject } from './stored-object.ts';
import { every } from './timing.ts';
import { watchEventEncoder } from './watch-event-encoder.ts';

export interface WatchRequest {
  readonly definition: ResourceDefinition;
  readonly selection: Selection;
  readonly options: ListOptions;
  readonly rendering: Rendering;
  readonly reply: Reply;
  /** The client is gone. */
  readonly signal: AbortSignal;
}

export interface WatchHubOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly bookmarkIntervalMs: number;
  readonly sendsBookmarks: () => boolean;
}

interface Watcher {
  readonly request: WatchRequest;
  readonly encode: (type: WatchEventType, object: StoredObject) => Buffer;
  readonly close: () => void;
}

/** A client this far behind is cut off, as the apiserver does with one that does not read. */
const backlogLimitBytes = 64 * 1024 * 1024;
const lastBookmarkMs = 2_000;

export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #watchers = new Set<Watcher>();

  constructor(options: WatchHubOptions) {
    this.#options = options;
    options.store.subscribe((event) => this.#dispatch(event));
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Answers the watch; resolves when it has ended. Throws for a resourceVersion that is none. */
  async serve(request: WatchRequest): Promise<void> {
    const { options, reply, signal } = request;
    const asked = parseRevision(options.resourceVersion, 'watch');
    const refusal = await this.#refusal(request, asked);
    if (signal.aborted) return;
    reply.begin(200, { 'content-type': 'application/json' });
    // Once a watch is let in, a refusal is an event in its stream.
    if (refusal === undefined) await this.#run(request, asked);
    else reply.write(encodeWatchEvent('ERROR', encodeJson(refusal.status)));
    reply.end();
  }

  async #refusal({ definition, options, signal }: WatchRequest, asked: number): Promise<StatusError | undefined> {
    const { store, clock } = this.#options;
    try {
      if (options.sendInitialEvents) await untilRevision(store, asked, { clock, signal });
      else if (asked > 0) store.eventsSince(definition, asked);
      return undefined;
    } catch (error) {
      if (error instanceof CompactedError) return tooOld(asked, error);
      if (error instanceof StatusError) return error;
      throw error;
    }
  }

  /** Ends every watch cleanly. */
  endAll(): void {
    for (const watcher of [...this.#watchers]) watcher.close();
  }

  #run(request: WatchRequest, asked: number): Promise<void> {
    const { store, clock, random, bookmarkIntervalMs } = this.#options;
    const { options, reply, signal } = request;
    const encode = watchEventEncoder(request.rendering, clock);
    this.#sendBacklog(request, asked, encode);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timeoutMs = options.timeoutSeconds > 0 ? options.timeoutSeconds * 1_000 : (30 + 30 * random()) * 60_000;
    const bookmark = (): void => {
      if (options.allowWatchBookmarks && this.#options.sendsBookmarks())
        reply.write(bookmarkFrame(request, store.revision));
    };
    const stopBookmarks = every(clock, bookmarkIntervalMs, bookmark);
    const lastBookmark = clock.setTimeout(bookmark, Math.max(0, timeoutMs - lastBookmarkMs));
    const close = (): void => {
      this.#watchers.delete(watcher);
      stopBookmarks();
      lastBookmark.cancel();
      deadline.cancel();
      signal.removeEventListener('abort', close);
      resolve();
    };
    const deadline = clock.setTimeout(close, timeoutMs);
    const watcher: Watcher = { request, encode, close };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', close, { once: true });
    return promise;
  }

  /** What lies before the live events: the objects there are, or the changes since a version. */
  #sendBacklog(request: WatchRequest, asked: number, encode: Watcher['encode']): void {
    const { store } = this.#options;
    const { definition, options, selection, reply } = request;
    const isLegacyStart = options.sendInitialEvents === undefined && asked === 0;
    if (options.sendInitialEvents || isLegacyStart) {
      for (const object of store.list(definition)) if (selection.matches(object)) reply.write(encode('ADDED', object));
      const isWatchList = options.sendInitialEvents && options.allowWatchBookmarks;
      if (isWatchList) reply.write(bookmarkFrame(request, store.revision, true));
    } else if (asked > 0) {
      for (const event of store.eventsSince(definition, asked)) deliver(event, request, encode);
    }
  }

  #dispatch(event: StoreEvent): void {
    for (const watcher of this.#watchers) {
      const { request, encode } = watcher;
      if (request.definition !== event.object.definition || event.revision <= Number(request.options.resourceVersion))
        continue;
      deliver(event, request, encode);
      if (request.reply.backlogBytes > backlogLimitBytes) request.reply.destroy();
    }
  }
}

/** A change as this selection sees it: objects enter (ADDED), stay (MODIFIED) and leave (DELETED). */
function deliver(event: StoreEvent, { selection, reply }: WatchRequest, encode: Watcher['encode']): void {
  const isIn = event.type !== 'DELETED' && selection.matches(event.object);
  const wasIn = event.previous !== undefined && selection.matches(event.previous);
  if (isIn) reply.write(encode(wasIn ? 'MODIFIED' : 'ADDED', event.object));
  else if (wasIn)
    reply.write(encode('DELETED', event.type === 'DELETED' ? event.object : leaving(event, event.previous)));
}

const leavers = new WeakMap<StoreEvent, StoredObject>();

/** What a watch is told of an object that left its selection: the last state it saw, at the revision of the change. */
function leaving(event: StoreEvent, previous: StoredObject): StoredObject {
  const object = leavers.get(event) ?? atRevision(previous, event.revision);
  leavers.set(event, object);
  return object;
}

function bookmarkFrame({ definition, rendering }: WatchRequest, revision: number, initialEventsEnd = false): Buffer {
  const plain = { kind: definition.kind, apiVersion: apiVersionOfDefinition(definition) };
  const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };
  const table = { kind: 'Table', apiVersion: 'meta.k8s.io/v1' };
  const type = { json: plain, 'partial-object-metadata': partial, table }[rendering.as];
  return encodeBookmark({ ...type, resourceVersion: String(revision), initialEventsEnd });
}

function tooOld(asked: number, { compactedRevision }: CompactedError): StatusError {
  return expired(`too old resource version: ${asked} (${compactedRevision})`);
}
