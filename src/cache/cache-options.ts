// What the cache is opened with: its disk, its way to the cloud, the time, and the periods that an operator may set.
import type { Records } from '../../storage/records.ts';
import type { CacheEvents } from './cache-events.ts';
import type { LinkGate } from './link-gate.ts';
import type { OwedWritesOptions } from './outbox/owed-writes-dependencies.ts';
import type { InitialSync } from './reflector.ts';
import type { Timing } from './timing.ts';
import type { Transport } from './transport.ts';

export interface CacheOptions {
  readonly records: Records;
  readonly transport: Transport;
  readonly link: LinkGate;
  readonly timing: Timing;
  readonly initialSync: InitialSync;
  /** Changes closer together than this are taken in together, in milliseconds. */
  readonly gatherMs: number;
  /** A scope that nobody reads or watches for so long is not followed any more. */
  readonly lingerMs: number;
  /** A right that was not seen again for so long has ended; the node's own has not. */
  readonly rightLifetimeMs: number;
  /** Online, a right that answers reads is proven again when it was last seen so long ago. */
  readonly rightCheckMs: number;
  readonly events: CacheEvents;
  readonly writes: Omit<OwedWritesOptions, 'records' | 'link' | 'timing' | 'wallClock'>;
}
