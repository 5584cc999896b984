// The recent past of one scope: what a watcher that was away for a moment still has to hear. Bounded in events and
// bytes; what falls out moves the floor, and who asks from below the floor gets 410 Expired. So does who asks from inside
// a leap: between the versions before and after a relist, objects may have come and gone that were never heard of here.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { encodeWatchEvent } from '../../apimachinery/watch-frame.ts';

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
  /** The JSON frame, made once for all watchers. */
  frame(): Buffer;
}

export interface EventRingLimits {
  readonly events: number;
  readonly bytes: number;
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
  #frame: Buffer | undefined;

  constructor(change: Change, sequence: number) {
    this.type = change.type;
    this.object = change.object;
    this.previous = change.previous;
    this.sequence = sequence;
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

export class EventRing {
  readonly #limits: EventRingLimits;
  #events: StoredEvent[] = [];
  /** Index of the oldest event in `#events`; the array is cut when half of it is gone. */
  #head = 0;
  #bytes = 0;
  #nextSequence = 1;
  #floor: string;
  /** Oldest first. */
  #leaps: Leap[] = [];

  constructor(floor: string, limits: EventRingLimits) {
    this.#floor = floor;
    this.#limits = limits;
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

  append(change: Change): RingEvent {
    const event = new StoredEvent(change, this.#nextSequence++);
    this.#events.push(event);
    this.#bytes += event.bytes;
    while (this.size > 1 && (this.size > this.#limits.events || this.#bytes > this.#limits.bytes)) this.#dropOldest();
    return event;
  }

  /** The event at a sequence; undefined when it has fallen out or is still to come. */
  at(sequence: number): RingEvent | undefined {
    const first = this.#events[this.#head];
    return first === undefined || sequence < first.sequence
      ? undefined
      : this.#events[this.#head + sequence - first.sequence];
  }

  /** True when a watcher that has yet to read `sequence` has lost events. */
  hasLost(sequence: number): boolean {
    const first = this.#events[this.#head];
    return sequence < (first?.sequence ?? this.#nextSequence);
  }

  /** Where a watcher that knows everything up to `resourceVersion` starts to read; undefined = 410 Expired. */
  sequenceAfter(resourceVersion: string): number | undefined {
    if (compareResourceVersion(resourceVersion, this.#floor) < 0 || this.isInLeap(resourceVersion)) return undefined;
    let index = this.#events.length;
    while (index > this.#head) {
      if (compareResourceVersion(this.#events[index - 1]!.resourceVersion, resourceVersion) <= 0) break;
      index--;
    }
    return index === this.#events.length ? this.#nextSequence : this.#events[index]!.sequence;
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#head]!;
    this.#events[this.#head] = undefined as unknown as StoredEvent;
    this.#head++;
    this.#bytes -= oldest.bytes;
    this.#floor = oldest.resourceVersion;
    if (this.#head > 64 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}
