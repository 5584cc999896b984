// The hub's address on this node, held for as long as the daemon runs: made where no interface has it, made again when
// somebody took it away, taken away at the end. One that is there from elsewhere is used as it is, and left.
import { canonicalName } from '../pki/subject-alternative-names.ts';
import {
  addAddress,
  type Carrier,
  carrierOf,
  existsAlready,
  explain,
  hasNoDummies,
  type IpCommand,
  makeDummy,
  takeAway,
} from './address-plan.ts';
import { NodeAddressError } from './node-address-error.ts';

export interface Network {
  /** Runs `ip` with these arguments. Rejects with what it printed. */
  ip(command: IpCommand): Promise<void>;
  interfaces(): Parameters<typeof carrierOf>[1];
}

/** What the daemon has put on the loopback interface: an earlier life may have been killed before it took that away. */
export interface MadeAddress {
  has(address: string): Promise<boolean>;
  note(address: string): Promise<void>;
  forget(): Promise<void>;
}

export interface HeldAddress {
  /** On which kind of interface it is. */
  readonly carrier: Carrier;
  /** Makes it again where it is gone. True when it was. @throws NodeAddressError */
  ensure(): Promise<boolean>;
  /** Takes away what was made, by this life of the daemon or an earlier one. @throws NodeAddressError */
  release(): Promise<void>;
}

/** @throws NodeAddressError */
export async function holdNodeAddress(host: string, network: Network, made: MadeAddress): Promise<HeldAddress> {
  const address = canonicalName(host);
  const look = (): Carrier | undefined => carrierOf(address, network.interfaces());
  const makeIt = async (): Promise<Carrier> => {
    const device = await makeInterface(host, network);
    if (device === 'loopback') await made.note(address);
    for (const command of addAddress(host, device)) await run(host, network, command);
    isOurs = true;
    return device;
  };
  let isOurs = await made.has(address);
  let carrier = look() ?? (await makeIt());
  return {
    get carrier() {
      return carrier;
    },
    async ensure() {
      const present = look();
      carrier = present ?? (await makeIt());
      return present === undefined;
    },
    async release() {
      for (const command of takeAway(host, carrier, isOurs)) await run(host, network, command);
      await made.forget();
    },
  };
}

async function makeInterface(host: string, network: Network): Promise<'dummy' | 'loopback'> {
  try {
    await network.ip(makeDummy);
    return 'dummy';
  } catch (error) {
    const { message } = error as Error;
    if (existsAlready(message)) return 'dummy';
    if (hasNoDummies(message)) return 'loopback';
    throw new NodeAddressError(explain(host, message), { cause: error });
  }
}

async function run(host: string, network: Network, command: IpCommand): Promise<void> {
  try {
    await network.ip(command);
  } catch (error) {
    throw new NodeAddressError(explain(host, (error as Error).message), { cause: error });
  }
}
