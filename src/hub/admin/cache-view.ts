// `/cache/object`: one object as the store holds it, found by the words a person types. Says the truth about absence:
// "known absent" only inside a complete scope, else "not known".
import { type GroupVersionResource, gvrKey, parseGvrKey } from '../../apimachinery/group-version-resource.ts';
import { badRequest, notFound, serviceUnavailable } from '../../apimachinery/status.ts';
import { closestName } from '../closest-name.ts';
import type { ScopeStatus } from './hub-status.ts';
import { redactObject } from './redact.ts';

export type Lookup =
  | { readonly state: 'present'; readonly body: Buffer; readonly ageSeconds: number }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown' };

export interface CacheSource {
  /** What the store knows of one object, whoever may read it: the admin port shows it to the node's operator. */
  lookUp(gvr: GroupVersionResource, namespace: string, name: string): Lookup | Promise<Lookup>;
  /** What is known of the namespaces that this kind lives in. */
  placesOf(gvr: GroupVersionResource, name: string): Places;
}

export interface Places {
  /** Undefined while nothing was seen of the kind. */
  readonly isNamespaced: boolean | undefined;
  /** In which namespaces an object of this name is held. */
  readonly namespaces: readonly string[];
}

/**
 * @param query `resource` (`pods`, `v1/pods`, `apps/v1/deployments`), `name`, and `namespace` where the kind has them
 * @returns the redacted JSON text and its age in seconds
 * @throws StatusError 400 for a question that cannot be understood, 404 known absent, 503 not known
 */
export async function findObject(
  cache: CacheSource,
  scopes: readonly ScopeStatus[],
  query: Readonly<Record<string, string | string[] | undefined>>,
): Promise<{ text: string; ageSeconds: number }> {
  const { resource, name, namespace = '' } = query;
  if (typeof resource !== 'string' || typeof name !== 'string' || typeof namespace !== 'string' || name === '') {
    throw badRequest('ask with ?resource=RESOURCE&name=NAME, and &namespace=NAMESPACE where the kind has namespaces');
  }
  const gvr = resolveResource(resource, scopes);
  const places = cache.placesOf(gvr, name);
  refuseWrongPlace(gvr, namespace, name, places);
  const found = await cache.lookUp(gvr, namespace, name);
  if (found.state === 'present') return { text: redactObject(gvr.resource, found.body), ageSeconds: found.ageSeconds };
  if (found.state === 'absent') throw notFound(gvr, name);
  const where = namespace === '' ? '' : ` in namespace ${namespace}`;
  const hint =
    namespace === '' && places.isNamespaced === undefined
      ? `; if the kind has namespaces, write NAMESPACE/${name}`
      : '';
  throw serviceUnavailable(
    `whether ${gvrKey(gvr)} "${name}"${where} exists is not known here: no complete scope covers it${hint}`,
  );
}

function refuseWrongPlace(
  { resource }: GroupVersionResource,
  namespace: string,
  name: string,
  { isNamespaced, namespaces }: Places,
): void {
  if (name.includes('/')) throw badRequest(`"${name}" is no name: write NAMESPACE/NAME, or NAME alone`);
  if (isNamespaced === false && namespace !== '') {
    throw badRequest(`${resource} have no namespaces: write ${name} alone`);
  }
  if (isNamespaced !== true || namespace !== '') return;
  const here = namespaces.map((one) => `${one}/${name}`).join(' and ');
  const held = here === '' ? '' : `; there is ${here}`;
  throw badRequest(`${resource} live in namespaces: write NAMESPACE/${name}${held}`);
}

/** A full key is taken at its word; a bare resource must be unambiguous among the scopes known here. */
function resolveResource(text: string, scopes: readonly ScopeStatus[]): GroupVersionResource {
  if (text.includes('/')) return parseGvrKey(text.toLowerCase());
  const keys = [...new Set(scopes.map(({ gvr }) => gvr))].filter(
    (key) => parseGvrKey(key).resource === text.toLowerCase(),
  );
  if (keys.length === 1) return parseGvrKey(keys[0]!);
  if (keys.length > 1) throw badRequest(`"${text}" may be ${keys.join(' or ')}; write which`);
  const nearest = closestName(
    text,
    scopes.map(({ gvr }) => parseGvrKey(gvr).resource),
  );
  if (nearest !== undefined) throw badRequest(`no scope of "${text}" is known here; did you mean ${nearest}?`);
  throw badRequest(
    `no scope of "${text}" is known here; \`holdfast cache list\` shows them, v1/pods or apps/v1/deployments names one in full`,
  );
}
