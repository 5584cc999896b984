// A WATCH answered from a followed scope: the head at once, then what the watcher sends at the client's pace. Resolves
// when the stream has ended.
import { toPartialObjectMetadata } from '../../apimachinery/partial-object-metadata.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import type { FollowedScope } from '../../cache/followed-scope.ts';
import type { ReadOptions } from '../../cache/read-options.ts';
import type { Scope } from '../../cache/scope.ts';
import { Watcher } from '../../cache/watch/watcher.ts';
import { cacheHeaders, jsonType, openStream } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { notReached } from '../not-reached.ts';
import { framesAsProtobuf, protobufStreamType } from '../protobuf-answer.ts';
import type { StoreForm } from '../read-request.ts';
import type { WatcherRegistry } from '../watcher-registry.ts';

export interface WatchAnswer {
  readonly followed: FollowedScope;
  readonly scope: Scope;
  readonly options: ReadOptions;
  readonly form: StoreForm;
  readonly watchers: WatcherRegistry;
  /** Whether this caller may go on watching; undefined: nothing here ends it. */
  readonly mayGoOn: (() => boolean) | undefined;
}

/** @throws StatusError 410 or 504 before anything is written. */
export function answerWatch(exchange: Exchange, answer: WatchAnswer): Promise<void> {
  const { followed, scope, options, form, watchers, mayGoOn } = answer;
  const { response, signal, view } = exchange;
  const { resourceVersion } = options;
  const startsEmpty = resourceVersion === '' || resourceVersion === '0';
  const sendInitialEvents = options.sendInitialEvents ?? startsEmpty;
  if (sendInitialEvents && !startsEmpty && compareResourceVersion(resourceVersion, followed.resourceVersion) > 0) {
    throw notReached(followed, resourceVersion);
  }
  const isProtobuf = form === 'protobuf';
  return new Promise((resolve) => {
    const now = watchers.now();
    const watcher = new Watcher({
      followed,
      scope,
      resourceVersion: sendInitialEvents || !startsEmpty ? resourceVersion : followed.resourceVersion,
      sendInitialEvents,
      // Since 1.34 also for the old form that asks for the state without sendInitialEvents, if it takes bookmarks.
      markInitialEventsEnd: sendInitialEvents && options.allowWatchBookmarks,
      allowBookmarks: options.allowWatchBookmarks,
      show: view?.show,
      render: form === 'partial-object-metadata' ? toPartialObjectMetadata : undefined,
      now,
      deadline: now + watchers.lifetimeMs(options.timeoutSeconds),
      sink: {
        write: (frames, count) => {
          watchers.count(count);
          return response.write(isProtobuf ? framesAsProtobuf(frames) : frames);
        },
        onDrain: (listener) => response.on('drain', listener),
        end: () => response.end(),
      },
      onEnd: () => {
        watchers.delete(watcher);
        signal.removeEventListener('abort', leave);
        view?.ended.removeEventListener('abort', change);
        resolve();
      },
    });
    const leave = (): void => watcher.end();
    const change = (): void => watcher.expired('what this node shows of this resource has changed; list again');
    watchers.add(watcher, mayGoOn);
    followed.wasRead(now);
    exchange.source = 'cache';
    exchange.tells?.(followed.resourceVersion);
    openStream(response, cacheHeaders(followed.ageSeconds(now), isProtobuf ? protobufStreamType : jsonType));
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    if (view?.ended.aborted === true) return change();
    view?.ended.addEventListener('abort', change, { once: true });
    watcher.changed();
    // One that was on its way when the hub began to close ends as the others have.
    if (watchers.isClosing) watcher.finish();
  });
}
