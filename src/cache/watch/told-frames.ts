// What one client is told of an object and of its changes, as frames: what its selector leaves out not at all, some objects
// otherwise, each in the form that it reads. Leaving its selector is DELETED, entering it is ADDED.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { encodeBookmark, encodeWatchEvent, type WatchEventType } from '../../apimachinery/watch-frame.ts';
import { type Scope, scopeMatches } from '../scope.ts';
import type { ListType } from '../scope-feed.ts';
import { withResourceVersion } from '../with-resource-version.ts';
import type { RingEvent } from './event-ring.ts';

export interface ToldFramesOptions {
  /** Narrower than what is followed; undefined when it is not. */
  readonly scope: Scope | undefined;
  /** What of each object this client is shown: the object, another in its place, or nothing. Undefined: all as they are. */
  readonly show: ((object: KubernetesObject) => KubernetesObject | undefined) | undefined;
  /** Another form of each object; undefined for the object itself. */
  readonly render: ((body: Buffer) => Buffer) | undefined;
}

const partialMetadata = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };

export class ToldFrames {
  /** What the client sees of an object; undefined when it sees every one as it is. */
  readonly #seen: ToldFramesOptions['show'];
  readonly #render: ToldFramesOptions['render'];

  constructor({ scope, show, render }: ToldFramesOptions) {
    this.#seen = seenBy(scope, show);
    this.#render = render;
  }

  /** Those that the client sees, as it sees them. */
  seen(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
    const seen = this.#seen;
    return seen === undefined ? objects : objects.flatMap((object) => seen(object) ?? []);
  }

  added(object: KubernetesObject): Buffer {
    return this.#encode('ADDED', object.body);
  }

  /** Undefined when the client hears nothing of it. */
  of(event: RingEvent): Buffer | undefined {
    if (this.#seen === undefined) return this.#shared(event);
    const { previous, object } = event;
    const before = previous && this.#seen(previous);
    const was = previous === undefined ? event.type !== 'ADDED' : before !== undefined;
    const after = this.#seen(object);
    const is = event.type !== 'DELETED' && after !== undefined;
    if (!was && !is) return undefined;
    if (was && !is && event.type !== 'DELETED') {
      return this.#encode('DELETED', withResourceVersion(before ?? object, event.resourceVersion).body);
    }
    const type = event.type === 'DELETED' ? 'DELETED' : was ? 'MODIFIED' : 'ADDED';
    const told = after ?? object;
    return type === event.type && told === object ? this.#shared(event) : this.#encode(type, told.body);
  }

  bookmark({ kind, apiVersion }: ListType, resourceVersion: string, initialEventsEnd: boolean): Buffer {
    const type = this.#render === undefined ? { kind: kind.replace(/List$/, ''), apiVersion } : partialMetadata;
    return encodeBookmark({ ...type, resourceVersion, initialEventsEnd });
  }

  /** The frame that all watchers share, unless this one wants another form. */
  #shared(event: RingEvent): Buffer {
    return this.#render === undefined ? event.frame() : this.#encode(event.type, event.object.body);
  }

  #encode(type: WatchEventType, body: Buffer): Buffer {
    return encodeWatchEvent(type, this.#render?.(body) ?? body);
  }
}

function seenBy(scope: Scope | undefined, show: ToldFramesOptions['show']): ToldFramesOptions['show'] {
  if (scope === undefined) return show;
  return (object) => (scopeMatches(scope, object) ? (show === undefined ? object : show(object)) : undefined);
}
