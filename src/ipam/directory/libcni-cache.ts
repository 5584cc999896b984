// What libcni keeps of each ADD until its DEL, in `/var/lib/cni/results/<network>-<container>-<interface>`: for an address
// that plain host-local gave out, the only place on the node that tells whose it is.
import type { PodOfAttachment } from '../cni/attachment.ts';
import type { CachedAttachment } from './facts.ts';

/** Undefined for another kind of file, and for one that was torn. */
export function parseCachedAttachment(text: string): CachedAttachment | undefined {
  const cached = parsedObject(text);
  if (cached === undefined || cached.kind !== 'cniCacheV1') return undefined;
  const { containerId, ifName, netns, cniArgs } = cached;
  if (typeof containerId !== 'string' || typeof ifName !== 'string') return undefined;
  return { containerId, ifname: ifName, netns: typeof netns === 'string' ? netns : '', pod: podOf(cniArgs) };
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** @param args pairs of name and value */
function podOf(args: unknown): PodOfAttachment | undefined {
  if (!Array.isArray(args)) return undefined;
  const value = (name: string): string => {
    const found = args.find((pair: unknown) => Array.isArray(pair) && pair[0] === name && typeof pair[1] === 'string');
    return found === undefined ? '' : (found as [string, string])[1];
  };
  const namespace = value('K8S_POD_NAMESPACE');
  const name = value('K8S_POD_NAME');
  return namespace === '' || name === '' ? undefined : { namespace, name, uid: value('K8S_POD_UID') };
}
