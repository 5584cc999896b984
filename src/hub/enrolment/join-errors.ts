// The rows of the error catalogue about joining a cluster and leaving it. Pure data.

export const joinErrors = [
  [
    'HOLDFAST_JOIN_TOKEN',
    undefined,
    'The cluster does not know the token or does not accept the credential. Nothing was written.',
    'Make a new token with `kubeadm token create --print-join-command`.',
  ],
  [
    'HOLDFAST_JOIN_AUTHORITY',
    undefined,
    "The cluster's CA could not be found, is not the pinned one, or did not sign the server's certificate. Nothing was written.",
    'Compare `--ca-hash` with what the control plane prints, or give the CA with `--ca-file`.',
  ],
  [
    'HOLDFAST_JOIN_CLOCK',
    undefined,
    "This machine's clock and the cluster's differ by more than five minutes, or the server's certificate is not valid by this machine's clock. Nothing was written.",
    'Set the clock right and join again.',
  ],
  [
    'HOLDFAST_JOIN_UNREACHABLE',
    undefined,
    'No kube-apiserver answers at the address given. Nothing was written.',
    'The message says at which step it ended: name, route, port, firewall or a proxy in between.',
  ],
  [
    'HOLDFAST_JOIN_NAME_TAKEN',
    undefined,
    "Another machine is a Ready node of that name, or the credential is another node's. Nothing was written.",
    'Give another `--node-name`; delete a Node that is no longer meant.',
  ],
  [
    'HOLDFAST_JOIN_REFUSED',
    undefined,
    'The request for a certificate was not taken, denied, or failed at the signer. Nothing was written.',
    'The message has the reason that the cluster gave; usually a role is missing, see docs/join.md.',
  ],
  [
    'HOLDFAST_JOIN_PENDING',
    undefined,
    'Nobody approved the request for a certificate in time. Its key is kept.',
    'Approve it with `kubectl certificate approve` and run the same again.',
  ],
  [
    'HOLDFAST_JOIN_SOURCE',
    undefined,
    'The kubeconfig to join from holds no credential that can be used. Nothing was written.',
    'Give another one, or join with a token.',
  ],
  [
    'HOLDFAST_JOIN_PLACES',
    undefined,
    "The data directory or kubelet's kubeconfig could not be written. The cluster was asked for nothing, and nothing was written.",
    'The message names the place and what is in the way: permission, a read-only or full file system, a file or directory there.',
  ],
  [
    'HOLDFAST_JOIN_OTHER_NAME',
    undefined,
    'This machine has joined under another name than the one that `--node-name` asks for. Nothing was changed.',
    'Leave `--node-name` out; or `holdfast leave` first.',
  ],
  [
    'HOLDFAST_JOIN_FILES',
    undefined,
    'What an earlier join wrote is damaged or missing. Nothing was changed.',
    'The message names the file and what to do.',
  ],
  [
    'HOLDFAST_JOIN_OTHER_KUBECONFIG',
    undefined,
    'The machine was joined with another file as the kubeconfig of kubelet. Nothing was changed.',
    'Give that one as `--kubelet-conf`, or leave before joining with the other.',
  ],
  [
    'HOLDFAST_JOIN_REPLACED',
    undefined,
    "A renewal found that another join has replaced the node's identity meanwhile. What that join wrote stays.",
    'Restart the hub.',
  ],
  [
    'HOLDFAST_LEAVE_NOT_JOINED',
    undefined,
    'The data directory holds nothing that a join wrote.',
    'Give the `--data-dir` that the node was joined with.',
  ],
  [
    'HOLDFAST_LEAVE_CHANGED',
    undefined,
    'The kubeconfig of kubelet was changed since the join. Nothing was put back.',
    'Look at it, then leave with `--replace-changes`.',
  ],
  [
    'HOLDFAST_LEAVE_WRITES_WAIT',
    undefined,
    'Writes still wait for the cloud or are parked. Nothing was put back.',
    'Let them be sent or decide about them; or leave with `--abandon-writes`.',
  ],
] as const;
