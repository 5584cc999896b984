// Writes that no setting keeps: their answer is a decision of the cloud, and a decision made up on the node would be a lie.
import { isJsonObject } from '../../apimachinery/json.ts';
import { listOf } from './object-view.ts';
import type { WriteRequest } from './write-request.ts';

const bySubresource: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    binding: 'where a pod runs is decided by the scheduler',
    eviction: 'whether a disruption budget allows an eviction is known there',
    scale: 'a scale changes what controllers in the cloud do',
    token: 'tokens are signed there',
    approval: 'certificates are approved there',
    ephemeralcontainers: 'a pod is changed there first',
    resize: 'a pod is changed there first',
    finalize: 'a namespace ends there',
  }),
);

/** Of 'group' or 'group/resource'. */
const byResource: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    '/bindings': 'where a pod runs is decided by the scheduler',
    'authentication.k8s.io': 'who somebody is is decided there',
    'authorization.k8s.io': 'who may do what is decided there',
    'certificates.k8s.io': 'certificates are signed there',
  }),
);

/** Why, as the message of a refusal; undefined: it may be kept, as the policy says and where it can be judged. */
export function neverKept(request: WriteRequest): string | undefined {
  const { verb, gvr, subresource, patchType } = request;
  const reason =
    bySubresource.get(subresource) ??
    kindNeverKept(gvr) ??
    (isDryRun(request) ? 'a dry run asks what admission there would say' : undefined) ??
    (patchType === 'apply' ? 'who owns which field of a server-side apply is worked out there' : undefined) ??
    (verb === 'deletecollection' ? 'what a collection holds is known for certain only there' : undefined) ??
    (subresource !== '' && subresource !== 'status' ? `what ${subresource} does happens there` : undefined);
  if (reason === undefined) return undefined;
  return inAnyCase(`this is never done offline: ${reason}`);
}

/** The message of a refusal that no setting changes. */
export function inAnyCase(why: string): string {
  return `the cloud is not reachable, and ${why}. No setting changes that.`;
}

/** Why no write to it is ever kept; undefined: some may be. */
export function kindNeverKept({ group, resource }: { group: string; resource: string }): string | undefined {
  return byResource.get(group) ?? byResource.get(`${group}/${resource}`);
}

/** Said in the query, or in the options of a deletion. */
function isDryRun({ verb, query, body }: WriteRequest): boolean {
  return query.dryRun || (verb.startsWith('delete') && isJsonObject(body) && listOf(body, 'dryRun').length > 0);
}
