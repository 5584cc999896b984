// What the CNI side asks of the side that knows the directory. Each verb is synchronous, takes its locks itself and
// throws a CniError (or any error, which becomes one of code 999 with its message).
import type { Address } from '../address.ts';
import type { AddressRange } from '../range.ts';
import type { Attachment } from './attachment.ts';
import type { NetworkConfig } from './network-config.ts';

/** One address given out, with the range it lies in: prefix and gateway of the answer come from there. */
export interface AssignedAddress {
  readonly address: Address;
  readonly range: AddressRange;
  /** Another sandbox may have had it since the machine was started: whoever spoke to that one remembers its link address. */
  readonly hadInThisBoot: boolean;
}

export interface IpamVerbs {
  /** One address per range set, in their order, durable on return; or none at all and an error. */
  add(config: NetworkConfig, attachment: Attachment): readonly AssignedAddress[];
  /** Frees what the attachment holds; nothing held is success. */
  del(config: NetworkConfig, attachment: Attachment): void;
  check(config: NetworkConfig, attachment: Attachment): void;
  /** Frees attachments that `config.validAttachments` does not name; does nothing when that is undefined. */
  gc(config: NetworkConfig): void;
  /** Throws code 50 when the data directory cannot be used. */
  status(config: NetworkConfig): void;
}
