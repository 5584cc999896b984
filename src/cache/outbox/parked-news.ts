// Tells of parked writes where people look in the cloud: by an Event on the object, which goes the way of every Event of
// this node.
//
// Promise: one Event for each object in ten minutes at most, however often its writes are parked; the next one counts those
// that had none of their own.
import { BoundedMap } from '../bounded-map.ts';
import { nodeLender } from '../lenders.ts';
import type { WriteRequest } from '../writes/write-request.ts';
import type { CallerOfWrite } from './caller-of-write.ts';
import { type OutboxEntry, targetPath } from './entry.ts';
import { parkedEvent } from './parked-event.ts';

export interface ParkedNewsOptions {
  readonly nodeName: string;
  /** As whom the hub itself speaks. */
  readonly userAgent: string;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  readonly accept: (request: WriteRequest, caller: CallerOfWrite) => Promise<unknown>;
  /** The Event could not be kept. */
  readonly untold: (entry: OutboxEntry, error: unknown) => void;
}

interface Told {
  readonly toldAt: number;
  /** When the first was parked that had no Event of its own; milliseconds since the epoch. */
  readonly firstAt: number;
  /** How many had none. */
  readonly untold: number;
}

const quietMs = 10 * 60_000;
const limit = 10_000;

export class ParkedNews {
  readonly #o: ParkedNewsOptions;
  readonly #byPath = new BoundedMap<Told>(Number.POSITIVE_INFINITY, () => 0, { limitEntries: limit });

  constructor(options: ParkedNewsOptions) {
    this.#o = options;
  }

  async tell(entry: OutboxEntry): Promise<void> {
    const { nodeName, userAgent, now, accept, untold } = this.#o;
    try {
      const path = targetPath(entry.target);
      const told = this.#byPath.peek(path);
      const firstAt = told !== undefined && told.untold > 0 ? told.firstAt : entry.parked!.at;
      const count = 1 + (told?.untold ?? 0);
      const request = parkedEvent(entry, nodeName, { count, firstAt });
      if (request === undefined) return;
      if (told !== undefined && now() - told.toldAt < quietMs) {
        this.#byPath.set(path, { ...told, firstAt, untold: count });
        return;
      }
      const { fieldManager } = request.query;
      const { identity } = nodeLender;
      await accept(request, { identity, userAgent, fieldManager, isNode: true, mayWrite: () => true });
      this.#byPath.set(path, { toldAt: now(), firstAt: 0, untold: 0 });
    } catch (error) {
      untold(entry, error);
    }
  }
}
