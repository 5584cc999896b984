// The kinds this control plane serves: one row each. Discovery, routing, encoding and write rules all read this table.

import { apiVersionOf, type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import type { Encoding } from './document.ts';

export interface ResourceDefinition {
  readonly gvr: GroupVersionResource;
  readonly kind: string;
  readonly singular: string;
  readonly isNamespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** typed: as Go structs; unstructured: as custom resources. */
  readonly encoding: Encoding;
  readonly hasStatus: boolean;
  /** DELETE answers with the object it removed instead of a Status. */
  readonly returnsDeletedObject: boolean;
  /** PUT without a resourceVersion is taken as "whatever is there". */
  readonly allowsUnconditionalUpdate: boolean;
  /** Answers POST only and stores nothing (reviews). */
  readonly isReview: boolean;
}

interface Row {
  readonly short?: string;
  readonly categories?: string;
  readonly cluster?: boolean;
  readonly status?: boolean;
  readonly returns?: boolean;
  readonly conditional?: boolean;
  readonly unstructured?: boolean;
  readonly review?: boolean;
}

function row(apiVersion: string, resource: string, kind: string, options: Row = {}): ResourceDefinition {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return {
    gvr: { group, version: apiVersion.slice(slash + 1), resource },
    kind,
    singular: kind.toLowerCase(),
    isNamespaced: !options.cluster,
    shortNames: options.short?.split(',') ?? [],
    categories: options.categories?.split(',') ?? [],
    encoding: options.unstructured ? 'unstructured' : 'typed',
    hasStatus: options.status ?? false,
    returnsDeletedObject: options.returns ?? false,
    allowsUnconditionalUpdate: !(options.conditional || options.unstructured),
    isReview: options.review ?? false,
  };
}

export const resourceDefinitions: readonly ResourceDefinition[] = [
  row('v1', 'configmaps', 'ConfigMap', { short: 'cm' }),
  row('v1', 'endpoints', 'Endpoints', { short: 'ep' }),
  row('v1', 'events', 'Event', { short: 'ev' }),
  row('v1', 'namespaces', 'Namespace', { short: 'ns', cluster: true, status: true, returns: true }),
  row('v1', 'nodes', 'Node', { short: 'no', cluster: true, status: true }),
  row('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', { short: 'pvc', status: true, returns: true }),
  row('v1', 'persistentvolumes', 'PersistentVolume', { short: 'pv', cluster: true, status: true, returns: true }),
  row('v1', 'pods', 'Pod', { short: 'po', categories: 'all', status: true, returns: true }),
  row('v1', 'secrets', 'Secret'),
  row('v1', 'serviceaccounts', 'ServiceAccount', { short: 'sa', returns: true }),
  row('v1', 'services', 'Service', { short: 'svc', categories: 'all', status: true, returns: true }),
  row('apps/v1', 'daemonsets', 'DaemonSet', { short: 'ds', categories: 'all', status: true }),
  row('apps/v1', 'deployments', 'Deployment', { short: 'deploy', categories: 'all', status: true }),
  row('apps/v1', 'replicasets', 'ReplicaSet', { short: 'rs', categories: 'all', status: true }),
  row('apps/v1', 'statefulsets', 'StatefulSet', { short: 'sts', categories: 'all', status: true }),
  row('coordination.k8s.io/v1', 'leases', 'Lease', { conditional: true }),
  row('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice'),
  row('node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', { cluster: true, conditional: true }),
  row('storage.k8s.io/v1', 'csidrivers', 'CSIDriver', { cluster: true, returns: true, conditional: true }),
  row('storage.k8s.io/v1', 'csinodes', 'CSINode', { cluster: true, returns: true, conditional: true }),
  row('storage.k8s.io/v1', 'storageclasses', 'StorageClass', { short: 'sc', cluster: true, returns: true }),
  row('edge.example.com/v1', 'sensors', 'Sensor', { short: 'sen', status: true, unstructured: true }),
  row('authentication.k8s.io/v1', 'selfsubjectreviews', 'SelfSubjectReview', { cluster: true, review: true }),
  row('authorization.k8s.io/v1', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', {
    cluster: true,
    review: true,
  }),
];

const byKey: ReadonlyMap<string, ResourceDefinition> = new Map(
  resourceDefinitions.map((definition) => [gvrKey(definition.gvr), definition]),
);

export function definitionOf(gvr: GroupVersionResource): ResourceDefinition | undefined {
  return byKey.get(gvrKey(gvr));
}

/** For code that names a kind itself. Throws when the table has no such row. */
export function definitionOfKey(key: string): ResourceDefinition {
  const definition = byKey.get(key);
  if (definition === undefined) throw new RangeError(`no resource '${key}' in the demo's table`);
  return definition;
}

export function apiVersionOfDefinition(definition: ResourceDefinition): string {
  return apiVersionOf(definition.gvr);
}

/** 'v1', 'apps/v1', …: every group version once, in table order. */
export function groupVersions(): readonly { readonly group: string; readonly version: string }[] {
  const seen = new Map(resourceDefinitions.map(({ gvr }) => [apiVersionOf(gvr), gvr]));
  return [...seen.values()].map(({ group, version }) => ({ group, version }));
}

export function definitionsIn(group: string, version: string): readonly ResourceDefinition[] {
  return resourceDefinitions.filter(({ gvr }) => gvr.group === group && gvr.version === version);
}

/** The verbs discovery lists. */
export function verbsOf(definition: ResourceDefinition): readonly string[] {
  if (definition.isReview) return ['create'];
  return ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
}
