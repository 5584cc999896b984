// Which kinds can be judged on the node. Everything else of Kubernetes' own is defaulted, validated and admitted by rules
// that only the cloud has.
import { schemaTable } from '../../../apimachinery/schema/schema-of.ts';
import type { WriteContext, WriteRequest } from '../write-request.ts';
import { configMapRules, secretRules } from './config-map-and-secret.ts';
import { csiNodeRules } from './csi-node.ts';
import { customResourceRules } from './custom-resource.ts';
import { coreEventRules, eventsEventRules } from './event.ts';
import type { KindRules } from './kind-rules.ts';
import { leaseRules } from './lease.ts';
import { nodeRules } from './node.ts';
import { persistentVolumeClaimRules } from './persistent-volume-claim.ts';
import { podRules } from './pod.ts';

const builtIn: Readonly<Record<string, KindRules>> = {
  'v1/ConfigMap': configMapRules,
  'v1/Secret': secretRules,
  'v1/Event': coreEventRules,
  'v1/Node': nodeRules,
  'v1/Pod': podRules,
  'v1/PersistentVolumeClaim': persistentVolumeClaimRules,
  'events.k8s.io/v1/Event': eventsEventRules,
  'coordination.k8s.io/v1/Lease': leaseRules,
  'storage.k8s.io/v1/CSINode': csiNodeRules,
};

/** The resources of the kinds above. */
const builtInResources: ReadonlySet<string> = new Set([
  '/configmaps',
  '/secrets',
  '/events',
  '/nodes',
  '/pods',
  '/persistentvolumeclaims',
  'events.k8s.io/events',
  'coordination.k8s.io/leases',
  'storage.k8s.io/csinodes',
]);

/** Whether `rulesOf` knows the kind: where it does not, nothing that is written to it can be kept. */
export function hasRules({ group, resource }: { readonly group: string; readonly resource: string }): boolean {
  return builtInResources.has(`${group}/${resource}`) || isCustomResource({ gvr: { group } });
}

/** undefined: one of Kubernetes' own kinds that cannot be judged here. */
export function rulesOf(request: WriteRequest, context: Pick<WriteContext, 'customStatus'>): KindRules | undefined {
  const key = `${request.apiVersion}/${request.kind}`;
  if (Object.hasOwn(builtIn, key)) return builtIn[key];
  if (!isCustomResource(request)) return undefined;
  return customResourceRules(request, context.customStatus);
}

/** Groups of Kubernetes' own that stand in no table, and those that aggregated servers answer. */
const otherGroups: ReadonlySet<string> = new Set([
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'metrics.k8s.io',
  'custom.metrics.k8s.io',
  'external.metrics.k8s.io',
]);

/** In a group that has no kind of Kubernetes' own: a newer kind of a known group is none. */
export function isCustomResource({ gvr }: { readonly gvr: Pick<WriteRequest['gvr'], 'group'> }): boolean {
  if (gvr.group === '' || otherGroups.has(gvr.group)) return false;
  const prefix = `${gvr.group}/`;
  return !schemaTable()
    .kinds()
    .some(([apiVersion]) => apiVersion.startsWith(prefix));
}
