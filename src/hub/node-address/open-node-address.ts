// `--node-address` held while the daemon runs, with a look at it once a minute.
import type { Chores } from '../chores.ts';
import type { Logger } from '../logger.ts';
import { isLoopback } from '../option-types.ts';
import type { HubConfig } from '../options.ts';
import { type HeldAddress, holdNodeAddress } from './hold-node-address.ts';
import { openMadeAddress } from './made-address.ts';
import { systemNetwork } from './system-network.ts';

const lookEveryMs = 60_000;

export interface NodeAddressParts {
  readonly chores: Pick<Chores, 'every'>;
  readonly log: Logger;
}

/** Resolves with what ends it, once the address is there, if one was asked for. @throws NodeAddressError */
export async function openNodeAddress(
  { nodeAddress, dataDir }: Pick<HubConfig, 'nodeAddress' | 'dataDir'>,
  { chores, log }: NodeAddressParts,
): Promise<() => Promise<void>> {
  if (nodeAddress === undefined) return () => Promise.resolve();
  const { host } = nodeAddress;
  if (isLoopback(host)) return () => Promise.resolve(); // every machine has those
  const held = await holdNodeAddress(host, systemNetwork, openMadeAddress(dataDir, log));
  log.info({ event: 'node-address.held', address: host, carrier: held.carrier }, 'pods of this node reach the hub');
  const endLooking = chores.every(lookEveryMs, () => look(held, host, log));
  return async () => {
    await endLooking();
    await held.release().catch((error: unknown) => {
      log.warn({ event: 'node-address.left', address: host, error }, 'the address could not be taken away');
    });
  };
}

async function look(held: HeldAddress, host: string, log: Logger): Promise<void> {
  try {
    if (!(await held.ensure())) return;
    log.warn({ event: 'node-address.made-again', address: host }, 'the address had been taken away; it is there again');
  } catch (error) {
    log.error(
      { event: 'node-address.lost', address: host, error },
      'the address was taken away, and cannot be made again',
    );
  }
}
