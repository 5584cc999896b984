// `holdfast ipam release IP|POD`: whom an address is kept for is forgotten, after asking. What a sandbox holds is left
// alone unless it is gone, or somebody insists.

import { UsageError } from '../../hub/parse-options.ts';
import type { Outcome } from '../../ipam/allocator/plan-verdict.ts';
import type { Reservation } from '../../ipam/directory/network-state.ts';
import type { SeenAddress } from '../../ipam/inspect/seen-address.ts';
import type { Invocation, Terminal } from '../command.ts';
import { readOptions } from '../read-options.ts';
import { type FoundAddress, findAddresses, readSubject, subjectText } from './find-address.ts';
import { IpamCommandError } from './ipam-command-error.ts';
import { releaseOptions } from './ipam-options.ts';
import { openStores } from './open-stores.ts';

export async function ipamRelease({ arguments: [word = ''], flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, force, yes, ...places } = await readOptions(releaseOptions, flags, terminal);
  const subject = readSubject(word);
  if (!yes && terminal.ask === undefined) {
    throw new UsageError(['ipam release asks before it releases, and nobody is at a terminal to answer: give --yes']);
  }
  const found = findAddresses(await openStores(places, terminal), subject);
  if (found.length === 0) {
    throw new IpamCommandError(`${subjectText(subject)}: nothing is held or kept; holdfast ipam ls lists what is`);
  }
  refuseHeld(found, force);
  if (!yes) {
    const what = found.map(({ seen }) => questionOf(seen)).join('\n');
    const answer = await terminal.ask!(`${what}\nDo it? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) {
      terminal.complain('Nothing was released.');
      return 1;
    }
  }
  const done = found.map((one) => ({
    ...releaseOne(one, force),
    network: one.seen.network,
    address: one.seen.address,
  }));
  if (output === 'json') {
    const answer = done.map(({ network, address, outcome }) => ({ network, address, outcome }));
    terminal.print(JSON.stringify(answer, null, 2));
  } else for (const { address, words } of done) terminal.print(`${address}: ${words}`);
  return done.every(({ outcome }) => outcome === 'done' || outcome === 'unchanged') ? 0 : 1;
}

/** @throws IpamCommandError naming the first whose sandbox may be there */
function refuseHeld(found: readonly FoundAddress[], force: boolean): void {
  const held = found.find(({ seen: { state } }) => state === 'held' || state === 'unclear');
  if (held === undefined || force) return;
  const { address, pod, reservation, state } = held.seen;
  const holder = pod === undefined ? `container ${reservation?.containerId}` : `${pod.namespace}/${pod.name}`;
  const doubt = state === 'unclear' ? ', of which nothing on this node knows' : '';
  throw new IpamCommandError(
    `${address} is held by ${holder}${doubt}: freed now, it may go to a second pod while the first still has it. Delete the pod; or, if its sandbox is gone (crictl pods), give --force`,
  );
}

function questionOf({ address, network, state, pod }: SeenAddress): string {
  const owner = pod === undefined ? 'nobody that is known' : `${pod.namespace}/${pod.name}`;
  if (state === 'leaked') return `${address} in ${network}: free it; it stays kept for ${owner}.`;
  if (state === 'held' || state === 'unclear')
    return `${address} in ${network}: take it from ${owner}, which may be using it.`;
  if (state === 'ownerless') return `${address} in ${network}: remove the file that names no owner.`;
  return `${address} in ${network}: keep it no longer for ${owner}.`;
}

interface Released {
  readonly outcome: Outcome;
  readonly words: string;
}

function releaseOne(one: FoundAddress, force: boolean): Released {
  const { store, seen } = one;
  if (seen.state === 'leaked' && !force && seen.reservation !== undefined) return freeLeaked(one, seen.reservation);
  const outcome = store.retention.release(seen.network, seen.address, { force });
  return { outcome, words: outcomeWords[outcome] };
}

/** As the hub would: its pod keeps its claim, also a pod that only libcni knows of. */
function freeLeaked({ store, seen }: FoundAddress, { containerId }: Reservation): Released {
  const { network, address, pod, cached } = seen;
  const isOnRecord =
    cached?.pod === undefined
      ? pod !== undefined
      : store.retention.adopt(network, { ...cached, ...cached.pod, address }) === 'done';
  const outcome = store.retention.reclaim(network, { address, containerId });
  const freed = isOnRecord ? `freed, and kept for ${pod?.namespace}/${pod?.name}` : 'freed';
  return { outcome, words: outcome === 'done' ? freed : outcomeWords[outcome] };
}

const outcomeWords: Readonly<Record<Outcome, string>> = {
  done: 'released',
  unchanged: 'nothing is left of it',
  held: 'not released: somebody holds it by now',
  stale: 'not released: it has changed meanwhile; look again with holdfast ipam why',
};
