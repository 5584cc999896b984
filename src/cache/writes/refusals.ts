// Why a write cannot be judged on the node. 503: the cloud could say yes or no, we cannot tell.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { StatusError, serviceUnavailable } from '../../apimachinery/status.ts';

/** @param reason goes on behind "… offline: " */
export function cannotJudge(gvr: GroupVersionResource, reason: string): StatusError {
  const resource = gvr.group === '' ? gvr.resource : `${gvr.resource}.${gvr.group}`;
  return serviceUnavailable(
    `the cloud is not reachable, and this write to ${resource} cannot be judged offline: ${reason}`,
  );
}

/** Whether an error says that the cloud would have to be asked. */
export function isUndecided(error: unknown): boolean {
  return error instanceof StatusError && error.status.code === 503;
}
