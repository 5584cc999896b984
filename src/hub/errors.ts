// Every error code of Holdfast once: what a client sees for it, when it happens, what to do. docs/errors.md comes from
// this table, and a test compares it with the classes in the code. This is the one place where errors become a Status.
import { type Status, StatusError, type StatusReason, status } from '../apimachinery/status.ts';

export interface ErrorEntry {
  /** Reason, and with it the HTTP code, of the Status that a client gets; undefined when no client ever does. */
  readonly reason: StatusReason | undefined;
  readonly when: string;
  readonly whatToDo: string;
}

export const errorCatalogue: Readonly<Record<string, ErrorEntry>> = {
  HOLDFAST_USAGE: {
    reason: undefined,
    when: 'A flag, an environment variable or the configuration file cannot be used as written. Nothing was started.',
    whatToDo: 'Each line names what is wrong, where it stands and what would be right. Exit code 2.',
  },
  HOLDFAST_DAEMON_ANSWER: {
    reason: undefined,
    when: '`holdfast status` or `cache` got no usable answer from the admin port.',
    whatToDo: 'See whether the daemon runs, and give its `--admin` address if it is not the default.',
  },
  MALFORMED_GVR_KEY: {
    reason: 'BadRequest',
    when: 'A resource was named in a form that is not `v1/pods` or `apps/v1/deployments`.',
    whatToDo: 'Write version/resource for the core group, group/version/resource for the others.',
  },
  HOLDFAST_UPSTREAM_STATUS: {
    reason: 'ServiceUnavailable',
    when: 'The cloud answered a LIST or WATCH of the hub itself with something other than 2xx.',
    whatToDo: 'Waiting clients got that answer unchanged. 401 or 403: look at the credential it was asked with.',
  },
  HOLDFAST_HISTORY_EXPIRED: {
    reason: 'Expired',
    when: 'The resourceVersion that was asked for is older than what is remembered (410).',
    whatToDo: 'Nothing: clients list again, the hub reads the scope anew.',
  },
  HOLDFAST_VERSION_REGRESSED: {
    reason: 'ServiceUnavailable',
    when: "The cloud's resourceVersions went back: another cluster answers, or etcd was restored from a backup.",
    whatToDo:
      'Check that the servers belong to this cluster. After a restore, stop Holdfast and remove its data directory.',
  },
  HOLDFAST_UPSTREAM_PROTOCOL: {
    reason: 'ServiceUnavailable',
    when: 'The cloud, or a proxy before it, sent something that the Kubernetes API does not allow.',
    whatToDo: 'Look at what stands between the node and the kube-apiserver.',
  },
  HOLDFAST_NO_CREDENTIAL: {
    reason: 'ServiceUnavailable',
    when: 'A scope cannot be followed, because no client that may read it has left a usable credential.',
    whatToDo: 'Nothing: the next client that reads it brings one.',
  },
};

/**
 * The Status that a client gets for an error. A StatusError is its own; a code of the catalogue gives the reason and
 * the error its message; anything else is a fault of ours and says no more than that.
 */
export function toStatus(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reason =
    typeof code === 'string' && Object.hasOwn(errorCatalogue, code) ? errorCatalogue[code]?.reason : undefined;
  if (reason !== undefined && error instanceof Error) return status(reason, error.message);
  return status('InternalError', 'Internal error occurred: Holdfast could not answer; its log says why');
}
