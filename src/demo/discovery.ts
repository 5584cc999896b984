// What the server says about itself: groups, resources (one by one and aggregated), version.
// Source: apiserver pkg/endpoints/discovery; KEP-3352.

import { createHash } from 'node:crypto';
import { apiVersionOf } from '../apimachinery/group-version-resource.ts';
import { parseAccept } from '../apimachinery/negotiation.ts';
import type { Call } from './call.ts';
import { encodeJson } from './document.ts';
import { PageNotFoundError } from './refusals.ts';
import { definitionsIn, groupVersions, type ResourceDefinition, verbsOf } from './resource-definitions.ts';

export const kubernetesVersion = {
  major: '1',
  minor: '35',
  emulationMajor: '1',
  emulationMinor: '35',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '34',
  gitVersion: 'v1.35.4',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'holdfast-demo',
  platform: 'linux/amd64',
};

/** /api, /apis, /api/v1, /apis/<group>, /apis/<group>/<version>. Throws PageNotFoundError for other paths. */
export async function handleDiscovery(call: Call): Promise<void> {
  const { info, request, reply } = call;
  const segments = info.path.split('/').filter((segment) => segment !== '');
  const isCore = segments[0] === 'api';
  const isRoot = segments.length === 1;
  if (isRoot && isAggregated(request.headers.accept)) {
    const body = encodeJson(aggregated(isCore));
    const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
    const headers = { etag, 'cache-control': 'public', vary: 'Accept' };
    if (request.headers['if-none-match'] === etag) return reply.send(304, Buffer.alloc(0), headers);
    return reply.json(200, body, {
      ...headers,
      'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    });
  }
  return reply.json(200, encodeJson(isRoot ? rootDocument(isCore, request.headers.host) : nested(segments, isCore)));
}

function isAggregated(accept: string | undefined): boolean {
  const first = parseAccept(accept).find(({ type }) => type === 'application/json' || type === '*/*');
  const { g, v, as } = first?.parameters ?? {};
  return g === 'apidiscovery.k8s.io' && v === 'v2' && as === 'APIGroupDiscoveryList';
}

function rootDocument(isCore: boolean, host = ''): object {
  if (isCore) {
    const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: host }];
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
  }
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames().map(groupEntry) };
}

function nested(segments: readonly string[], isCore: boolean): object {
  const group = isCore ? '' : (segments[1] ?? '');
  const version = isCore ? segments[1] : segments[2];
  if (version === undefined) {
    if (!groupNames().includes(group)) throw new PageNotFoundError();
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
  }
  const definitions = definitionsIn(group, version);
  if (definitions.length === 0) throw new PageNotFoundError();
  const groupVersion = apiVersionOf({ group, version, resource: '' });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: definitions.flatMap(resourceEntries) };
}

function groupNames(): readonly string[] {
  return [...new Set(groupVersions().map(({ group }) => group))].filter((group) => group !== '');
}

function groupEntry(name: string): object {
  const versions = groupVersions()
    .filter(({ group }) => group === name)
    .map(({ group, version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceEntries(definition: ResourceDefinition): readonly object[] {
  const { gvr, kind, singular, isNamespaced, shortNames, categories } = definition;
  const main = {
    name: gvr.resource,
    singularName: singular,
    namespaced: isNamespaced,
    kind,
    verbs: verbsOf(definition),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const parts = subresourcesOf(definition).map(({ name, verbs, responseKind }) => ({
    name: `${gvr.resource}/${name}`,
    singularName: '',
    namespaced: isNamespaced,
    kind: responseKind,
    verbs,
  }));
  return [main, ...parts];
}

interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly responseKind: string;
}

function subresourcesOf({ kind, hasStatus }: ResourceDefinition): readonly Subresource[] {
  const status = { name: 'status', verbs: ['get', 'patch', 'update'], responseKind: kind };
  const streams = [
    { name: 'exec', verbs: ['create', 'get'], responseKind: 'PodExecOptions' },
    { name: 'log', verbs: ['get'], responseKind: 'Pod' },
  ];
  return [...(kind === 'Pod' ? streams : []), ...(hasStatus ? [status] : [])];
}

function aggregated(isCore: boolean): object {
  const names = isCore ? [''] : groupNames();
  const items = names.map((name) => ({
    metadata: name === '' ? {} : { name },
    versions: groupVersions()
      .filter(({ group }) => group === name)
      .map(({ group, version }) => ({
        version,
        resources: definitionsIn(group, version).map(aggregatedResource),
        freshness: 'Current',
      })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function aggregatedResource(definition: ResourceDefinition): object {
  const { gvr, kind, singular, isNamespaced, shortNames, categories } = definition;
  const subresources = subresourcesOf(definition).map(({ name, verbs, responseKind }) => ({
    subresource: name,
    responseKind: { group: '', version: '', kind: responseKind },
    verbs,
  }));
  return {
    resource: gvr.resource,
    responseKind: { group: gvr.group, version: gvr.version, kind },
    scope: isNamespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbsOf(definition),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
