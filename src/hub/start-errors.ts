// The rows of the error catalogue about starting: settings and credentials, ports, the hub's own certificates. Pure data.

export const startErrors = [
  [
    'HOLDFAST_KUBECONFIG_MISSING',
    undefined,
    'No cluster is given, or a file that the settings or the kubeconfig name does not exist.',
    'Give `--kubeconfig`, or `--server` with its certificates; check the path in the message.',
  ],
  [
    'HOLDFAST_KUBECONFIG_UNREADABLE',
    undefined,
    'A file with a kubeconfig, certificate, key or token cannot be read.',
    'Check its owner and mode; the daemon usually runs as root.',
  ],
  [
    'HOLDFAST_KUBECONFIG_MALFORMED',
    undefined,
    'The kubeconfig is not valid, or lacks something that it must say.',
    'The message names the file and the place.',
  ],
  [
    'HOLDFAST_KUBECONFIG_UNKNOWN_CONTEXT',
    undefined,
    'The kubeconfig has no context of that name, or the context names a cluster or user that is not there.',
    '`kubectl config get-contexts --kubeconfig FILE` lists them; choose with `--context`.',
  ],
  [
    'HOLDFAST_KUBECONFIG_UNSUPPORTED',
    undefined,
    'The kubeconfig uses something that the daemon does not do, such as an exec plugin for credentials.',
    'Give the node a client certificate or a token file.',
  ],
  [
    'HOLDFAST_KUBECONFIG_CREDENTIAL',
    undefined,
    'A certificate, key or token in the settings cannot be used.',
    'The message names the file and what is wrong with it.',
  ],
  [
    'HOLDFAST_CLIENT_CERTIFICATE',
    undefined,
    'The client certificate is no PEM, does not belong to its key, or is not for clients.',
    'Renew it, or give another with `--client-certificate`.',
  ],
  [
    'HOLDFAST_LISTEN_ADDRESS_IN_USE',
    undefined,
    'Another program listens on the address.',
    'Stop it, or give another address; the message names the flag.',
  ],
  [
    'HOLDFAST_LISTEN_NOT_PERMITTED',
    undefined,
    'The user may not open that port.',
    'Give a port above 1023, or the capability CAP_NET_BIND_SERVICE.',
  ],
  [
    'HOLDFAST_LISTEN_NO_SUCH_ADDRESS',
    undefined,
    'The machine does not have the address.',
    '`ip address` lists those it has.',
  ],
  [
    'HOLDFAST_NODE_ADDRESS',
    undefined,
    'No interface has the address of --node-address, and it could not be given to one.',
    'Start the daemon as root with iproute2 installed, or give the address to an interface yourself.',
  ],
  [
    'HOLDFAST_LISTEN_FAILED',
    undefined,
    'The port cannot be opened for another reason, which the message gives.',
    'Give another address.',
  ],
  [
    'HOLDFAST_PKI_UNREADABLE',
    undefined,
    "A file of the hub's own CA, below `pki/` in the data directory, cannot be read.",
    'Check its owner and mode.',
  ],
  [
    'HOLDFAST_PKI_UNWRITABLE',
    undefined,
    'A file below `pki/` cannot be written.',
    'Check owner, mode and free space of the data directory.',
  ],
  [
    'HOLDFAST_PKI_DAMAGED',
    undefined,
    'A certificate or key below `pki/` is not what it must be.',
    'The message says which file to restore or remove.',
  ],
  [
    'HOLDFAST_PKI_INCOMPLETE',
    undefined,
    'A certificate is there without its key, or the other way round.',
    'Restore the missing file, or remove both for a new pair.',
  ],
  [
    'HOLDFAST_PKI_FOREIGN',
    undefined,
    'What stands below `pki/` was not made by Holdfast, or belongs to another CA.',
    'Give Holdfast a data directory of its own.',
  ],
  [
    'HOLDFAST_UNUSABLE_CREDENTIALS',
    'ServiceUnavailable',
    'The certificate and key for the cloud do not fit together.',
    'Look at the files that the settings name; a rotation may have been cut short.',
  ],
] as const;
