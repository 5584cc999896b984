// The verbs of the plugin on a directory.
import { planAdd } from '../allocator/plan-add.ts';
import { planCheck, planDel, planGc } from '../allocator/plan-del.ts';
import { CniError, cniErrorCode } from '../cni/cni-error.ts';
import type { NetworkConfig } from '../cni/network-config.ts';
import type { IpamVerbs } from '../cni/verbs.ts';
import { diskError } from './disk-error.ts';
import { layoutOf, retainRoot } from './layout.ts';
import { type ChangeOptions, changeNetwork, type DirectoryAccess } from './network-directory.ts';
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
      changeNetwork(access, changeOf(config), (state, facts) => planDel(state, facts, { ...config, attachment }));
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

const changeOf = ({ dataDir, name, retain }: NetworkConfig): ChangeOptions => ({
  dataDir,
  network: name,
  lockTimeoutMs,
  keepFor: retain,
  isSweeping: true,
});

function inDirectory<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error, directory);
  }
}
