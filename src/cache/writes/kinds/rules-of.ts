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

interface BuiltIn {
  /** 'group/resource' */
  readonly resource: string;
  readonly rules: KindRules;
}

const builtIn: Readonly<Record<string, BuiltIn>> = {
  'v1/ConfigMap': { resource: '/configmaps', rules: configMapRules },
  'v1/Secret': { resource: '/secrets', rules: secretRules },
  'v1/Event': { resource: '/events', rules: coreEventRules },
  'v1/Node': { resource: '/nodes', rules: nodeRules },
  'v1/Pod': { resource: '/pods', rules: podRules },
  'v1/PersistentVolumeClaim': { resource: '/persistentvolumeclaims', rules: persistentVolumeClaimRules },
  'events.k8s.io/v1/Event': { resource: 'events.k8s.io/events', rules: eventsEventRules },
  'coordination.k8s.io/v1/Lease': { resource: 'coordination.k8s.io/leases', rules: leaseRules },
  'storage.k8s.io/v1/CSINode': { resource: 'storage.k8s.io/csinodes', rules: csiNodeRules },
};
const builtInKinds: ReadonlyMap<string, string> = new Map(
  Object.entries(builtIn).map(([key, { resource }]) => [resource, key.slice(key.lastIndexOf('/') + 1)]),
);

/** For a node whose clients have read no discovery. */
export function builtInKind({
  group,
  resource,
}: {
  readonly group: string;
  readonly resource: string;
}): string | undefined {
  return builtInKinds.get(`${group}/${resource}`);
}

/** Whether `rulesOf` knows the kind: where it does not, nothing that is written to it can be kept. */
export function hasRules({ group, resource }: { readonly group: string; readonly resource: string }): boolean {
  return builtInKinds.has(`${group}/${resource}`) || isCustomResource({ gvr: { group } });
}

/** undefined: one of Kubernetes' own kinds that cannot be judged here. */
export function rulesOf(request: WriteRequest, context: Pick<WriteContext, 'customStatus'>): KindRules | undefined {
  const key = `${request.apiVersion}/${request.kind}`;
  if (Object.hasOwn(builtIn, key)) return builtIn[key]!.rules;
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
  return !schemaTable().hasGroup(gvr.group);
}
