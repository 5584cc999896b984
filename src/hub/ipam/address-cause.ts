// Why a pod has not kept its address, as far as the node can tell. Few words, for they are a metric's label.

export const addressCauses = ['not-kept', 'given-away', 'unexplained'] as const;
export type AddressCause = (typeof addressCauses)[number];

export const causeInWords: Readonly<Record<AddressCause, string>> = {
  'not-kept': 'the CNI plugin of this node keeps no addresses (holdfast-ipam does)',
  'given-away': 'its former address belongs to another pod now',
  unexplained: 'nothing on this node says why',
};
