// Every error code of Holdfast once: what a client sees for it, when it happens, what to do. docs/errors.md comes from
// this table, and a test compares it with the classes in the code. Pure data, and one table however long it grows: what a
// code means is looked up here and nowhere else.
import type { StatusReason } from '../apimachinery/status.ts';
import { joinErrors } from './enrolment/join-errors.ts';
import { ipamErrors } from './ipam-errors.ts';
import { startErrors } from './start-errors.ts';

export interface ErrorEntry {
  readonly group: string;
  /** Reason, and with it the HTTP code, of the Status that a client gets; undefined when no client ever does. */
  readonly reason: StatusReason | undefined;
  readonly when: string;
  readonly whatToDo: string;
}

type Row = readonly [code: string, reason: StatusReason | undefined, when: string, whatToDo: string];

const rowsByGroup: Readonly<Record<string, readonly Row[]>> = {
  'Command line': [
    [
      'HOLDFAST_DATA_DIRECTORY',
      undefined,
      'The data directory holds files of another program. Nothing in it was touched.',
      'Give a directory of its own with --data-dir.',
    ],
    [
      'HOLDFAST_USAGE',
      undefined,
      'A flag, an environment variable or the configuration file cannot be used as written. Nothing was started.',
      'Each line names what is wrong, where it stands and what would be right. Exit code 2.',
    ],
    ...ipamErrors,
    [
      'HOLDFAST_DAEMON_ANSWER',
      undefined,
      '`holdfast status`, `cache` or `outbox` got no usable answer from the admin port.',
      'See whether the daemon runs, and give its `--admin` address, or its `--data-dir`, if it is not the default.',
    ],
    [
      'MALFORMED_GVR_KEY',
      'BadRequest',
      'A resource was named in a form that is not `v1/pods` or `apps/v1/deployments`.',
      'Write version/resource for the core group, group/version/resource for the others.',
    ],
  ],
  'Join and leave': joinErrors,
  Start: startErrors,
  Link: [
    [
      'HOLDFAST_UPSTREAM_UNREACHABLE',
      'ServiceUnavailable',
      'No server of the cloud gave an answer. The message says which was tried last and why.',
      '`holdfast status` says since when. Reads of complete scopes are answered from the store.',
    ],
    [
      'HOLDFAST_UPSTREAM_BODY_CUT',
      'ServiceUnavailable',
      'An answer of the cloud ended too early. What came of it was not taken for the whole.',
      'Clients try again; look at the link if it happens often.',
    ],
    [
      'HOLDFAST_EXCHANGE_ENDED',
      'ServiceUnavailable',
      'The hub ended an exchange with the cloud: the cloud was silent, the link was given up, the client left, or the hub closes.',
      'Nothing: it is the cause of one of the two above.',
    ],
    [
      'HOLDFAST_CREDENTIAL_REFUSED',
      undefined,
      "The kube-apiserver does not accept the node's own credential (401). The node lives as if the link were down.",
      'On a node that has joined it is renewed by itself, see docs/scenarios/the-certificate-expired.md; else renew it.',
    ],
    [
      'HOLDFAST_GATEWAY_ANSWERED',
      'ServiceUnavailable',
      'A proxy or load balancer answered 502, 503 or 504 in the place of the kube-apiserver.',
      'Look at what stands between the node and the kube-apiserver.',
    ],
    [
      'HOLDFAST_PROXY_REFUSED',
      'ServiceUnavailable',
      'The HTTP proxy that the environment or the kubeconfig names cannot be used, or refused to connect.',
      'Check HTTPS_PROXY and NO_PROXY, or `proxy-url` in the kubeconfig.',
    ],
    [
      'HOLDFAST_ANOTHER_CLUSTER',
      'ServiceUnavailable',
      'The server that answers belongs to another cluster than the one whose objects are stored here.',
      'Check the address. To move the node, run `holdfast outbox export` if writes are parked, stop Holdfast and remove its data directory.',
    ],
  ],
  'Reads from the cloud': [
    [
      'HOLDFAST_UPSTREAM_STATUS',
      'ServiceUnavailable',
      'The cloud answered a LIST or WATCH of the hub itself with something other than 2xx.',
      'Waiting clients got that answer unchanged. 401 or 403: look at the credential it was asked with.',
    ],
    [
      'HOLDFAST_HISTORY_EXPIRED',
      'Expired',
      'The resourceVersion that was asked for is older than what is remembered (410).',
      'Nothing: clients list again, the hub reads the scope anew.',
    ],
    [
      'HOLDFAST_VERSION_REGRESSED',
      'ServiceUnavailable',
      'The resourceVersions of the cloud went back: another cluster answers, or etcd was restored from a backup.',
      'Check the address. After a restore, run `holdfast outbox export` if writes wait or are parked, stop Holdfast and remove its data directory.',
    ],
    [
      'HOLDFAST_UPSTREAM_PROTOCOL',
      'ServiceUnavailable',
      'The cloud, or a proxy before it, sent something that the Kubernetes API does not allow.',
      'Look at what stands between the node and the kube-apiserver.',
    ],
    [
      'HOLDFAST_NO_CREDENTIAL',
      'ServiceUnavailable',
      'A scope cannot be followed, because no client that may read it has left a usable credential.',
      'Nothing: the next client that reads it brings one.',
    ],
    [
      'HOLDFAST_SCOPE_CLOSED',
      'ServiceUnavailable',
      'A scope is not followed any more; whoever waited for it asks the cloud.',
      'Nothing.',
    ],
    [
      'MALFORMED_JSON',
      'ServiceUnavailable',
      'A body of the cloud is no JSON; the message says at which byte.',
      'As for HOLDFAST_UPSTREAM_PROTOCOL.',
    ],
    [
      'MALFORMED_LIST',
      'ServiceUnavailable',
      'A body of the cloud is no whole List.',
      'As for HOLDFAST_UPSTREAM_PROTOCOL.',
    ],
    [
      'MALFORMED_OBJECT',
      'ServiceUnavailable',
      'A body of the cloud is no Kubernetes object.',
      'As for HOLDFAST_UPSTREAM_PROTOCOL.',
    ],
    [
      'MALFORMED_WATCH_FRAME',
      'ServiceUnavailable',
      'A watch of the cloud broke the form of a watch.',
      'As for HOLDFAST_UPSTREAM_PROTOCOL. The watch is begun anew.',
    ],
    [
      'CUT_WATCH_FRAME',
      'ServiceUnavailable',
      'A watch of the cloud ended inside an event.',
      'Nothing: it resumes after the last whole event.',
    ],
    [
      'WATCH_FRAME_TOO_LARGE',
      'ServiceUnavailable',
      'An event of a watch is larger than the hub takes.',
      'Look at which object is that large; etcd itself takes 1.5 MB by default.',
    ],
  ],
  'Writes that wait for the cloud': [
    [
      'FIELD_TYPE',
      'Invalid',
      'A field of a written object does not have the type that its kind gives it: 422 for a patch, 400 for a whole object.',
      'The message names the field and what is expected there.',
    ],
    [
      'HOLDFAST_OUTBOX_FULL',
      'ServiceUnavailable',
      'So many writes wait for the cloud that no more fit, and no Event is left that could give way. Nothing of this write was kept.',
      '`holdfast outbox list` shows what waits and what is parked; `holdfast outbox retry` and `holdfast outbox drop` decide about parked writes. --outbox-size sets how much may wait.',
    ],
    [
      'HOLDFAST_NO_SUCH_ENTRY',
      'NotFound',
      'An operator named a write that neither waits nor is parked here.',
      '`holdfast outbox list` shows those that do. One that is gone has reached the cloud, or was dropped.',
    ],
    [
      'HOLDFAST_NOT_PARKED',
      'Conflict',
      'An operator decided about a write that is not parked. It was left as it is.',
      'Nothing: it goes to the cloud by itself. Should it be parked again, `holdfast outbox list` says so.',
    ],
    [
      'HOLDFAST_FOREIGN_WRITE',
      'Conflict',
      'An operator had a write tried once more that was meant for another cluster, or that another node has taken in. It was left as it is.',
      'Look at it with `holdfast outbox show`; `retry --mine` brings it to this cluster as this node, `drop` gives it up with a copy.',
    ],
    [
      'HOLDFAST_OWN_WRITES_AHEAD',
      'ServiceUnavailable',
      'A scope shows writes of this node, so it is read anew before it is followed again.',
      'Nothing: it happens once after a heal.',
    ],
    [
      'HOLDFAST_CLOUD_BEHIND',
      'ServiceUnavailable',
      'Versions given out here while the cloud was away are still above its own. Clients keep what they have been shown.',
      'Nothing: the cloud passes them soon; if not, clients list again after five seconds.',
    ],
  ],
  Addresses: [
    [
      'CRI_UNAVAILABLE',
      undefined,
      'The container runtime did not say which pod sandboxes it has. No address is taken for leaked meanwhile.',
      'See whether the runtime runs, and give its socket with --cri-socket if it is not the default.',
    ],
  ],
  Storage: [
    [
      'STORAGE_FORMAT',
      undefined,
      "The data directory is not Holdfast's, or a newer release wrote it. Nothing in it was touched.",
      'Give another `--data-dir`, or start the release that wrote it.',
    ],
    [
      'STORAGE_LOCKED',
      undefined,
      'Another process has the data directory open.',
      'One daemon per directory: stop the other, or give a directory of its own.',
    ],
    [
      'STORAGE_UNAVAILABLE',
      'ServiceUnavailable',
      'The data directory cannot be opened: no permission, no space, a dead disk.',
      'The message has the reason of the system.',
    ],
    [
      'STORAGE_READ_ONLY',
      'ServiceUnavailable',
      'The disk takes no writes now. Reads go on from what is stored and known.',
      'Make room, or look at the disk; it is tried again by itself.',
    ],
    [
      'STORAGE_KEY',
      undefined,
      'The key file that encrypts the store is missing, malformed or readable by others.',
      'Restore it with mode 0600. Without it what is encrypted cannot be read again.',
    ],
    ['STORAGE_CLOSED', 'ServiceUnavailable', 'Something was asked of the store while the daemon ended.', 'Nothing.'],
  ],
};

export const errorCatalogue: Readonly<Record<string, ErrorEntry>> = Object.fromEntries(
  Object.entries(rowsByGroup).flatMap(([group, rows]) =>
    rows.map(([code, reason, when, whatToDo]) => [code, { group, reason, when, whatToDo }]),
  ),
);
