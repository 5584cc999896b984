// The rows of the error catalogue about pods' addresses: the commands, and the plugin's way into a node. Pure data.

export const ipamErrors = [
  [
    'HOLDFAST_IPAM_COMMAND',
    undefined,
    '`holdfast ipam release` or `holdfast ipam pin` was asked for something that does not fit what is held and kept.',
    'The message says what stands in the way; `holdfast ipam why` shows the evidence.',
  ],
  [
    'HOLDFAST_IPAM_DIRECTORY',
    undefined,
    'A directory of the CNI plugins or configurations is not there, cannot be read or written, or is not the one that the container runtime uses. What was there before is as it was.',
    'The message names it: name the one that the container runtime uses, or run the command as root.',
  ],
  [
    'HOLDFAST_IPAM_NETWORK',
    undefined,
    '`holdfast ipam install` found no network that it can change, or several, or the one that was named cannot be changed. Nothing was changed.',
    'The message has the reason of each file. Name the network with `--network`.',
  ],
  [
    'HOLDFAST_IPAM_FOREIGN_FILE',
    undefined,
    'Where `holdfast ipam install` would put the plugin stands a file of somebody else. Nothing was changed.',
    'Find out whose it is, and move it away if nobody needs it.',
  ],
  [
    'HOLDFAST_IPAM_NODE',
    undefined,
    '`holdfast ipam install` runs in a container, whose Node the host cannot start. Nothing was changed.',
    'Give `--copy-node`, or `--node` with the path of a Node on the host.',
  ],
  [
    'HOLDFAST_IPAM_NOT_BUILT',
    undefined,
    'The plugin itself is not beside the program. Nothing was changed.',
    'In a checkout run `npm run build`, else install the package again.',
  ],
] as const;
