// `holdfast ipam pin IP`: an address is kept for its pod until an operator releases it, whatever the hub says of the pod.
import type { Invocation, Terminal } from '../command.ts';
import { readOptions } from '../read-options.ts';
import { findAddresses, readAddress } from './find-address.ts';
import { IpamCommandError } from './ipam-command-error.ts';
import { directoryOptions } from './ipam-options.ts';
import { openStores } from './open-stores.ts';

export async function ipamPin({ arguments: [word = ''], flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, ...places } = await readOptions(directoryOptions, flags, terminal);
  const address = readAddress(word);
  const found = findAddresses(await openStores(places, terminal), { kind: 'address', address });
  if (found.length === 0)
    throw new IpamCommandError(`${address} is neither held nor kept: there is no pod to pin it to`);
  if (found.length > 1) {
    const networks = found.map(({ seen }) => seen.network).join(', ');
    throw new IpamCommandError(`${address} is in several networks (${networks}); name one with --network`);
  }
  const [{ store, seen }] = found as [(typeof found)[number]];
  const outcome = store.retention.pin(seen.network, address);
  if (outcome === 'stale') {
    const advice = 'holdfast ipam import puts pods on record that libcni or a marker knows';
    throw new IpamCommandError(`${address} has no record of a pod to pin it to; ${advice}`);
  }
  const owner = seen.pod === undefined ? 'its pod' : `${seen.pod.namespace}/${seen.pod.name}`;
  if (output === 'json') terminal.print(JSON.stringify({ network: seen.network, address, outcome }, null, 2));
  else if (outcome === 'done')
    terminal.print(`${address} is kept for ${owner} until holdfast ipam release ${address}.`);
  else terminal.print(`${address} was pinned to ${owner} already.`);
  return 0;
}
