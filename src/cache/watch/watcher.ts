// One local client's WATCH, served from a followed scope: initial events if asked for, then the ring, at the pace of
// the client's socket. A client that falls behind the ring is told 410 and ends; it never slows another one.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { expired } from '../../apimachinery/status.ts';
import { encodeWatchEvent } from '../../apimachinery/watch-frame.ts';
import type { FollowedScope } from '../followed-scope.ts';
import type { Scope } from '../scope.ts';
import type { RingEvent } from './event-ring.ts';
import type { Listener } from './listener.ts';
import { ToldFrames, type ToldFramesOptions } from './told-frames.ts';

/** Where frames go. `write` answers false when the client does not read fast enough; `onDrain` tells when it does again. */
export interface FrameSink {
  write(frames: Buffer, count: number): boolean;
  onDrain(listener: () => void): void;
  end(): void;
}

export interface WatcherOptions {
  readonly followed: Pick<FollowedScope, 'scope' | 'snapshot' | 'listeners'>;
  /** What the client asked for; may be narrower than what is followed. */
  readonly scope: Scope;
  /** Version that the client has; '' or '0' = it has nothing and wants the state first. */
  readonly resourceVersion: string;
  /** Send what there is as ADDED before the live events. */
  readonly sendInitialEvents: boolean;
  /** Close the initial events with the end bookmark (WatchList). */
  readonly markInitialEventsEnd: boolean;
  readonly allowBookmarks: boolean;
  /** See `ToldFrames`. */
  readonly show?: ToldFramesOptions['show'];
  readonly render: ToldFramesOptions['render'];
  readonly sink: FrameSink;
  /** Milliseconds on the caller's clock. */
  readonly now: number;
  readonly deadline: number;
  readonly onEnd: () => void;
}

const bookmarkEveryMs = 60_000;
/** The apiserver sends one 2 s before the deadline, so that the client resumes close to now. */
const lastBookmarkMs = 2_000;
const writeBytes = 64 * 1024;

export class Watcher implements Listener {
  readonly #o: WatcherOptions;
  readonly #frames: ToldFrames;
  /** Initial objects still to be sent. */
  #initial: readonly KubernetesObject[] = [];
  #initialIndex = 0;
  #initialVersion = '';
  #next: number;
  /** Changes up to here are in what the client already has. */
  #skipUntil: string;
  #blocked = false;
  #ended = false;
  #nextBookmarkAt: number;
  #sentLastBookmark = false;

  /** @throws StatusError 410 when the changes since the client's version are not held. */
  constructor(options: WatcherOptions) {
    this.#o = options;
    const { followed, scope, resourceVersion } = options;
    const { snapshot } = followed;
    const { show, render } = options;
    this.#frames = new ToldFrames({ scope: scope.id === followed.scope.id ? undefined : scope, show, render });
    this.#nextBookmarkAt = options.now + bookmarkEveryMs;
    if (options.sendInitialEvents) {
      this.#initial = this.#frames.seen(snapshot.sorted());
      this.#initialVersion = snapshot.resourceVersion;
      this.#next = snapshot.ring.nextSequence;
      this.#skipUntil = '0';
    } else {
      const next = snapshot.ring.sequenceAfter(resourceVersion);
      if (next === undefined || snapshot.isOutOfReach(resourceVersion)) {
        throw expired(`too old resource version: ${resourceVersion} (${snapshot.ring.floor})`);
      }
      this.#next = next;
      this.#skipUntil = resourceVersion;
    }
    followed.listeners.add(this);
    options.sink.onDrain(() => {
      this.#blocked = false;
      this.changed();
    });
  }

  /** Sends what can be sent now. */
  changed(): void {
    if (this.#blocked || this.#ended) return;
    this.#sendInitial();
    if (!this.#blocked && !this.#ended) this.#sendChanges();
  }

  expired(reason: string): void {
    if (this.#ended) return;
    const status = Buffer.from(JSON.stringify(expired(reason).status));
    this.#o.sink.write(encodeWatchEvent('ERROR', status), 1);
    this.end();
  }

  /** Called about once a second: bookmarks and the deadline. */
  tick(now: number): void {
    if (this.#ended) return;
    const { deadline } = this.#o;
    if (now >= deadline) {
      this.finish();
      return;
    }
    if (now >= deadline - lastBookmarkMs && !this.#sentLastBookmark) {
      this.#sentLastBookmark = true;
      this.#sendBookmark();
    } else if (now >= this.#nextBookmarkAt) {
      this.#sendBookmark();
      this.#nextBookmarkAt = now + bookmarkEveryMs;
    }
  }

  /** A clean end with a last bookmark: timeoutSeconds has passed, or the hub goes down. */
  finish(): void {
    if (this.#ended) return;
    this.#sendBookmark();
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#o.followed.listeners.delete(this);
    this.#o.sink.end();
    this.#o.onEnd();
  }

  #sendInitial(): void {
    while (this.#initialIndex < this.#initial.length) {
      const frames: Buffer[] = [];
      let bytes = 0;
      while (this.#initialIndex < this.#initial.length && bytes < writeBytes) {
        const frame = this.#frames.added(this.#initial[this.#initialIndex++]!);
        frames.push(frame);
        bytes += frame.length;
      }
      if (!this.#write(frames)) return;
    }
    if (this.#initialVersion === '') return;
    const resourceVersion = this.#initialVersion;
    this.#initial = [];
    this.#initialVersion = '';
    if (this.#o.markInitialEventsEnd) this.#write([this.#bookmark(resourceVersion, true)]);
  }

  #sendChanges(): void {
    const { snapshot } = this.#o.followed;
    const { ring } = snapshot;
    if (ring.hasLost(this.#next)) {
      this.expired('this watch fell behind the history that is kept; list again');
      return;
    }
    if (ring.isInLeap(this.#skipUntil)) {
      this.expired('what came after this version was not seen here; list again');
      return;
    }
    let frames: Buffer[] = [];
    let bytes = 0;
    let lastVersion = this.#skipUntil;
    for (let event = ring.at(this.#next); event !== undefined; event = ring.at(this.#next)) {
      if (event.isOwn && this.#isSkipped(event)) {
        this.expired('what was written here came before this version, which the cloud has given; list again');
        return;
      }
      this.#next++;
      const frame = this.#isSkipped(event) ? undefined : this.#frames.of(event);
      if (frame === undefined) continue;
      lastVersion = event.resourceVersion;
      frames.push(frame);
      bytes += frame.length;
      if (bytes < writeBytes) continue;
      if (!this.#write(frames)) return;
      frames = [];
      bytes = 0;
    }
    if (frames.length > 0) this.#write(frames);
    if (compareResourceVersion(snapshot.resourceVersion, this.#skipUntil) >= 0) this.#skipUntil = '0';
    if (ring.isInLeap(lastVersion)) this.#sendBookmark(); // from a version inside a leap it could not resume
  }

  #isSkipped({ resourceVersion }: RingEvent): boolean {
    return this.#skipUntil !== '0' && compareResourceVersion(resourceVersion, this.#skipUntil) <= 0;
  }

  /** Says "you have everything up to here", so only when that has been written, and never below the client's version. */
  #sendBookmark(): void {
    const { followed, allowBookmarks } = this.#o;
    const { snapshot } = followed;
    if (!allowBookmarks || this.#blocked || !snapshot.isComplete) return;
    if (this.#initialVersion !== '' || this.#next !== snapshot.ring.nextSequence) return;
    if (this.#skipUntil !== '0' && compareResourceVersion(snapshot.resourceVersion, this.#skipUntil) < 0) return;
    this.#write([this.#bookmark(snapshot.resourceVersion, false)]);
  }

  #bookmark(resourceVersion: string, initialEventsEnd: boolean): Buffer {
    return this.#frames.bookmark(this.#o.followed.snapshot.listType, resourceVersion, initialEventsEnd);
  }

  #write(frames: readonly Buffer[]): boolean {
    const written = this.#o.sink.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames), frames.length);
    if (!written) this.#blocked = true;
    return written;
  }
}
