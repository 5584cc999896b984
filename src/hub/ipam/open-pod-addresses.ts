// All that the hub does about the addresses of this node's pods: they are kept for them, and where one has changed all the
// same, everybody on the node is told.
import type { AddressStatus } from '../admin/hub-status.ts';
import type { HubConfig } from '../options.ts';
import { type AddressKeepingParts, openAddressKeeping } from './open-address-keeping.ts';
import { openEndpointCorrections } from './open-endpoint-corrections.ts';

export interface PodAddresses {
  /** What is kept is put on record and judged. Before the first pod comes back for its address. */
  seed(): Promise<void>;
  /** Something about the pods, the link or the endpoints has changed. */
  changed(): void;
  /** To be called every minute or so. */
  tidy(): Promise<void>;
  /** How many objects are shown otherwise than the cloud has them. */
  readonly correctedEndpoints: number;
  /** Null while no address is kept here. */
  readonly status: AddressStatus | null;
  close(): Promise<void>;
}

/** Ends with `close`. */
export function openPodAddresses(
  config: Pick<HubConfig, 'ipamDataDir' | 'criSocket' | 'nodeName'>,
  parts: AddressKeepingParts,
): PodAddresses {
  const keeping = openAddressKeeping(config, parts);
  const { corrections, close } = openEndpointCorrections({
    ...parts,
    nodeName: config.nodeName,
    causeOf: (change) => keeping.causeOf(change),
  });
  return {
    seed: () => keeping.seed(),
    changed() {
      corrections.changed();
      keeping.changed();
    },
    tidy() {
      corrections.changed();
      return keeping.tidy();
    },
    get correctedEndpoints() {
      return corrections.size;
    },
    get status() {
      return keeping.status;
    },
    close() {
      keeping.close();
      return close();
    },
  };
}
