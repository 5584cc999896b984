// Uids that were given out here for objects made while the cloud was away, and the ones that the cloud has given them since:
// a write that names the former was meant for the object with the latter.
import { BoundedMap } from '../bounded-map.ts';
import { uidOf } from '../writes/object-view.ts';
import type { AcceptedWrite, OutboxEntry } from './entry.ts';

/** An uid given out here is in use for moments after the cloud has given another; these are far more. */
const limit = 10_000;

export class CloudUids {
  readonly #byProvisional = new BoundedMap<string>(Number.POSITIVE_INFINITY, () => 0, { limitEntries: limit });

  see(provisional: string, cloudUid: string): void {
    this.#byProvisional.set(provisional, cloudUid);
  }

  has(provisional: string): boolean {
    return this.#byProvisional.peek(provisional) !== undefined;
  }

  meantFor<T extends AcceptedWrite>(write: T): T & Pick<OutboxEntry, 'cloudUid'> {
    const cloudUid = this.#byProvisional.peek(uidOf(write.before));
    return cloudUid === undefined ? write : { ...write, cloudUid };
  }
}
