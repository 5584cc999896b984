// How far a scope has come: in the versions that its clients were told, and in the cloud's own. The two differ while writes
// that were accepted here run ahead of the cloud.
//
// Promise: who has a version at which it was not known here what the scope held does not go on from it.
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { type Change, EventRing, type EventRingLimits, type RingEvent } from './watch/event-ring.ts';

/** Both ends are part of it. */
export interface VersionSpan {
  readonly from: string;
  readonly to: string;
}

export interface Beginning {
  readonly resourceVersion: string;
  readonly cloudVersion: string;
  /** Version of the last change; who is at or above it has seen everything. */
  readonly floor: string;
}

export interface Reached {
  readonly resourceVersion: string;
  readonly cloudVersion?: string;
  /** The versions of these changes were given out here. */
  readonly isOwn?: boolean;
}

const nothing: Beginning = { resourceVersion: '', cloudVersion: '', floor: '' };

export class ToldVersions {
  readonly #limits: EventRingLimits;
  #resourceVersion = '';
  #cloudVersion = '';
  #ring: EventRing;

  constructor(limits: EventRingLimits) {
    this.#limits = limits;
    this.#ring = new EventRing('', limits);
  }

  /** The newest that clients were told; '' before the first. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** The newest that the cloud has spoken of. */
  get cloudVersion(): string {
    return this.#cloudVersion;
  }

  /** What was told of late. Another one after each beginning. */
  get ring(): EventRing {
    return this.#ring;
  }

  /** Versions were given out here that the cloud has not passed yet. */
  get isAhead(): boolean {
    return compareResourceVersion(this.#cloudVersion, this.#resourceVersion) < 0;
  }

  /** Watchers of before have to start anew. */
  begin({ resourceVersion, cloudVersion, floor }: Beginning = nothing): void {
    this.#resourceVersion = resourceVersion;
    this.#cloudVersion = cloudVersion;
    this.#ring.release();
    this.#ring = new EventRing(floor, this.#limits);
  }

  /** As `begin`, and what an earlier life told its clients up to the floor is not known: nobody goes on from below it. */
  beginAfter(earlier: Beginning): void {
    this.begin(earlier);
    this.#ring.leap('0', earlier.floor);
  }

  /** Clients hear of these, and have come to this version by them. The cloud's stays unless it is given. */
  tell(changes: readonly Change[], { resourceVersion, cloudVersion, isOwn = false }: Reached): readonly RingEvent[] {
    const events = changes.map((change) => this.#ring.append(change, isOwn));
    this.#resourceVersion = resourceVersion;
    if (cloudVersion !== undefined) this.#cloudVersion = cloudVersion;
    return events;
  }

  /** Clients were shown just that state under this version, as far as it is remembered. */
  hasStoodAt(version: string): boolean {
    return version === this.#resourceVersion || this.#ring.hasStoodAt(version);
  }

  /** What came after it is unheard of here. */
  isBelow(resourceVersion: string): boolean {
    return compareResourceVersion(resourceVersion, this.#resourceVersion) > 0;
  }

  /** Clients may have these of another state than what was known here then: they do not go on from there. */
  refuse(spans: readonly VersionSpan[]): void {
    for (const { from, to } of spans) {
      const isReached =
        compareResourceVersion(from, this.#resourceVersion) <= 0 &&
        compareResourceVersion(this.#resourceVersion, to) <= 0;
      this.#ring.leap(String(BigInt(from) - 1n), isReached ? this.#resourceVersion : String(BigInt(to) + 1n));
    }
  }

  /** What was told between the cloud's version and the newest is not known, for an earlier life did it. */
  leapToNewest(): void {
    if (this.isAhead) this.#ring.leap(this.#cloudVersion, this.#resourceVersion);
  }

  /** What happened up to this version of the cloud is not known: also since it was last heard, while versions given out here were ahead of it. */
  leapTo(resourceVersion: string): void {
    this.#ring.leap(this.isAhead ? this.#cloudVersion : this.#resourceVersion, resourceVersion);
  }
}
