// The recent past of one scope: what a watcher that was away for a moment still has to hear. Bounded in events and
// bytes, and with all other rings together; what falls out moves the floor, and who asks from below the floor gets 410 Expired. So does who asks from inside
// a leap: between the versions before and after a relist, objects may have come and gone that were never heard of here.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { encodeWatchEvent } from '../../apimachinery/watch-frame.ts';
import type { BudgetedRing, RingBudget } from './ring-budget.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Change {
  readonly type: ChangeType;
  readonly object: KubernetesObject;
  /** What the object was just before; absent for ADDED, and where that is not known. */
  readonly previous: KubernetesObject | undefined;
}

export interface RingEvent extends Change {
  /** Position, 1 higher for each event of this ring. */
  readonly sequence: number;
  readonly resourceVersion: string;
  /** Its version was given out here: who has a higher one from the cloud has not heard of it. */
  readonly isOwn: boolean;
  /** The JSON frame, made once for all watchers. */
  frame(): Buffer;
}

export interface EventRingLimits {
  readonly events: number;
  readonly bytes: number;
  /** Shared with the rings of other scopes. */
  readonly budget?: RingBudget | undefined;
}

/** Both ends are states that were known here; nothing between them was. */
interface Leap {
  readonly from: string;
  readonly to: string;
}

/** More are merged, which refuses a few versions too many. */
const leapLimit = 64;

class StoredEvent implements RingEvent {
  readonly type: ChangeType;
  readonly object: KubernetesObject;
  readonly previous: KubernetesObject | undefined;
  readonly sequence: number;
  readonly isOwn: boolean;
  #frame: Buffer | undefined;

  constructor(change: Change, sequence: number, isOwn: boolean) {
    this.type = change.type;
    this.object = change.object;
    this.previous = change.previous;
    this.sequence = sequence;
    this.isOwn = isOwn;
  }

  get resourceVersion(): string {
    return this.object.resourceVersion;
  }

  frame(): Buffer {
    this.#frame ??= encodeWatchEvent(this.type, this.object.body);
    return this.#frame;
  }

  /** Bytes that this event keeps alive: its object, the one before it, and its frame. */
  get bytes(): number {
    return this.object.body.length * 2 + (this.previous?.body.length ?? 0);
  }
}

export class EventRing implements BudgetedRing {
  readonly #limits: EventRingLimits;
  #events: StoredEvent[] = [];
  /** Index of the oldest event in `#events`; the array is cut when half of it is gone. */
  #head = 0;
  #bytes = 0;
  #usedAt: number;
  #nextSequence = 1;
  #floor: string;
  /** Oldest first. */
  #leaps: Leap[] = [];

  constructor(floor: string, limits: EventRingLimits) {
    this.#floor = floor;
    this.#limits = limits;
    this.#usedAt = limits.budget?.use() ?? 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get usedAt(): number {
    return this.#usedAt;
  }

  /** Every change above this version is still here, except for those inside a leap. */
  get floor(): string {
    return this.#floor;
  }

  /** Sequence that the next event will get. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  /** The events that follow lead from one known state to another, not through all that happened between. */
  leap(from: string, to: string): void {
    this.#leaps.push({ from, to }); // also one below the floor is kept: see isInLeap
    if (this.#leaps.length <= leapLimit) return;
    const [first, second, ...others] = this.#leaps as [Leap, Leap, ...Leap[]];
    this.#leaps = [{ from: first.from, to: second.to }, ...others];
  }

  /**
   * True for versions whose state was never known here, so that nobody can be told what came after it. Not by the cloud
   * either: a client of ours may have such a version and still wait for a deletion that happened before it.
   */
  isInLeap(resourceVersion: string): boolean {
    return this.#leaps.some(
      ({ from, to }) =>
        compareResourceVersion(from, resourceVersion) < 0 && compareResourceVersion(resourceVersion, to) < 0,
    );
  }

  /** An event has led to this version, or it is the floor. */
  hasStoodAt(resourceVersion: string): boolean {
    if (resourceVersion === this.#floor) return true;
    return this.#events.some((event) => event?.resourceVersion === resourceVersion);
  }

  append(change: Change, isOwn = false): RingEvent {
    const event = new StoredEvent(change, this.#nextSequence++, isOwn);
    this.#events.push(event);
    this.#count(event.bytes);
    while (this.size > 1 && (this.size > this.#limits.events || this.#bytes > this.#limits.bytes)) this.#dropOldest();
    this.#limits.budget?.makeRoom(this);
    return event;
  }

  giveWay(bytes: number, keepsNewest: boolean): void {
    const target = this.#bytes - bytes;
    while (this.size > (keepsNewest ? 1 : 0) && this.#bytes > target) this.#dropOldest();
  }

  /** It is not used any more and holds nothing. */
  release(): void {
    this.giveWay(this.#bytes, false);
  }

  /** The event at a sequence; undefined when it has fallen out or is still to come. */
  at(sequence: number): RingEvent | undefined {
    const first = this.#events[this.#head];
    if (first === undefined || sequence < first.sequence) return undefined;
    const event = this.#events[this.#head + sequence - first.sequence];
    if (event !== undefined) this.#use();
    return event;
  }

  /** True when a watcher that has yet to read `sequence` has lost events. */
  hasLost(sequence: number): boolean {
    const first = this.#events[this.#head];
    return sequence < (first?.sequence ?? this.#nextSequence);
  }

  /** Where a watcher that knows everything up to `resourceVersion` starts to read; undefined = 410 Expired. */
  sequenceAfter(resourceVersion: string): number | undefined {
    if (compareResourceVersion(resourceVersion, this.#floor) < 0 || this.isInLeap(resourceVersion)) return undefined;
    this.#use();
    let index = this.#events.length;
    while (index > this.#head) {
      if (compareResourceVersion(this.#events[index - 1]!.resourceVersion, resourceVersion) <= 0) break;
      index--;
    }
    return index === this.#events.length ? this.#nextSequence : this.#events[index]!.sequence;
  }

  #use(): void {
    this.#usedAt = this.#limits.budget?.use() ?? 0;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#limits.budget?.count(this, bytes);
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#head]!;
    this.#events[this.#head] = undefined as unknown as StoredEvent;
    this.#head++;
    this.#count(-oldest.bytes);
    this.#floor = oldest.resourceVersion;
    if (this.#head > 64 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}
