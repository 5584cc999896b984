// The verbs of the plugin on a directory.

import type { Plan } from '../allocator/plan.ts';
import { planAdd } from '../allocator/plan-add.ts';
import { planCheck, planDel, planGc } from '../allocator/plan-del.ts';
import { CniError, cniErrorCode } from '../cni/cni-error.ts';
import type { NetworkConfig } from '../cni/network-config.ts';
import type { IpamVerbs } from '../cni/verbs.ts';
import { diskError, isRefusedByDisk } from './disk-error.ts';
import type { Facts } from './facts.ts';
import { layoutOf, retainRoot } from './layout.ts';
import { type ChangeOptions, changeNetwork, type DirectoryAccess } from './network-directory.ts';
import type { NetworkState } from './network-state.ts';
import { readNetwork } from './read-network.ts';

/**
 * kubelet gives a sandbox four minutes and comes again. Ten seconds were too few: fifty plugins at once, on two cores that
 * had ten times their work, waited longer than that for their turn.
 */
const lockTimeoutMs = 60_000;

export function createVerbs(access: DirectoryAccess): IpamVerbs {
  return {
    add: (config, attachment) =>
      changeNetwork(access, changeOf(config), (state, facts) => planAdd(state, facts, { ...config, attachment })),

    del(config, attachment) {
      const plan = (state: NetworkState, facts: Facts) => planDel(state, facts, { ...config, attachment });
      try {
        changeNetwork(access, changeOf(config), plan);
      } catch (error) {
        // A runtime would repeat its DEL for ever, and the pod would never end.
        if (!isRefusedByDisk(error) || !hasFreed(access, config, plan)) throw error;
        access.say(`freed, and for whom it is kept could not be noted: ${error.message}`);
      }
    },

    check({ dataDir, name, rangeSets, previousAddresses }, attachment) {
      const layout = layoutOf(dataDir, name);
      const plan = planCheck(
        inDirectory(layout.held, () => readNetwork(access.files, layout)),
        { attachment, rangeSets },
        previousAddresses,
      );
      if ('refusal' in plan) throw new CniError(plan.refusal.code, plan.refusal.message);
    },

    gc(config) {
      const { validAttachments, retain } = config;
      if (validAttachments === undefined) return;
      changeNetwork(access, changeOf(config), (state, facts) => planGc(state, facts, validAttachments, retain));
    },

    // That the addresses are used up is no reason: of a refusal here a runtime makes the whole node NotReady.
    status({ dataDir, name }) {
      const { held } = layoutOf(dataDir, name);
      try {
        access.files.makeDirectory(held, 0o755);
        access.files.makeDirectory(retainRoot(dataDir), 0o700);
        for (const directory of [held, retainRoot(dataDir)]) access.files.expectWritable(directory);
      } catch (cause) {
        const { message, details } = diskError(cause, held);
        throw new CniError(cniErrorCode.notAvailable, message, { details, cause });
      }
    },
  };
}

/** A file can be removed from a disk that is full, and what is kept for a pod is also known by its record of before. */
function hasFreed(
  access: DirectoryAccess,
  config: NetworkConfig,
  planOn: (state: NetworkState, facts: Facts) => Plan<undefined>,
): boolean {
  try {
    changeNetwork(access, { ...changeOf(config), before: 'nothing' }, (state, facts) => {
      const { steps, ...rest } = planOn(state, facts);
      return { ...rest, steps: steps.filter((step) => step.do === 'release') };
    });
    return true;
  } catch (error) {
    if (error instanceof CniError) return false; // what the disk said first is told
    throw error;
  }
}

const changeOf = ({ dataDir, name, retain }: NetworkConfig): ChangeOptions => ({
  dataDir,
  network: name,
  lockTimeoutMs,
  keepFor: retain,
  before: 'sweep',
});

function inDirectory<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error, directory);
  }
}
