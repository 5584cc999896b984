// A node with holdfast-ipam, on which pods of every owner have their addresses.
import { putStaticPods, settleAddressed } from './addressed-pods.ts';
import { type NodeLab, type NodeLabOptions, startNodeLab } from './node-lab.ts';

export interface AddressedLab {
  readonly lab: NodeLab;
  /** Addresses by the names of their pods. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Resolves when kubelet has nothing left to start. */
export async function startAddressedLab(
  options: Pick<NodeLabOptions, 'runDirectory' | 'isQuiet'> = {},
): Promise<AddressedLab> {
  const lab = await startNodeLab({
    ...options,
    ipam: 'holdfast-ipam',
    prepare: async ({ node }) => putStaticPods(node),
  });
  try {
    await lab.nodeReady();
    const addresses = await settleAddressed(lab);
    await lab.kubeletWorks(0);
    return { lab, addresses };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}
