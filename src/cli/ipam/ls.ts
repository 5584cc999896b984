// `holdfast ipam ls`: every address that is held or kept on this node.
import type { Invocation, Terminal } from '../command.ts';
import { printable } from '../printable.ts';
import { readOptions } from '../read-options.ts';
import { allAddresses } from './find-address.ts';
import { lsOptions } from './ipam-options.ts';
import { addressJson, chosen, renderAddresses } from './ls-text.ts';
import { lookedAt, openStores } from './open-stores.ts';

export async function ipamLs({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, leaked, parked, ...places } = await readOptions(lsOptions, flags, terminal);
  const stores = await openStores(places, terminal);
  const all = allAddresses(stores).map(({ seen }) => seen);
  const shown = chosen(all, { leaked, parked });
  if (output === 'json') terminal.print(JSON.stringify(shown.map(addressJson), null, 2));
  else if (all.length === 0) terminal.print(printable(`No address is held or kept. ${lookedAt(stores)}`));
  else terminal.print(renderAddresses(shown, all, terminal.now().getTime()));
  return 0;
}
