// What kind of read a request is: whether its answer can be shared with other clients at all, and in which form.
// Pure; decided before anything is looked up.
import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import { acceptsPlainJson, preferredRendering } from '../apimachinery/negotiation.ts';
import { type ReadOptions, readOptions } from '../cache/read-options.ts';
import { collectionPath, type Scope, scopeOf } from '../cache/scope.ts';
import type { Exchange } from './exchange.ts';

/** `json` also for clients that would rather have protobuf but take JSON. */
export type ReadForm = 'json' | 'table' | 'partial-object-metadata' | 'other';

export interface CollectionRead {
  readonly verb: 'list' | 'watch';
  readonly scope: Scope;
  readonly form: ReadForm;
  /** The client takes plain JSON, at least when nothing better is to be had. */
  readonly takesJson: boolean;
  /** @throws StatusError when the parameters contradict each other */
  options(): ReadOptions;
}

export interface ObjectRead {
  readonly gvr: GroupVersionResource;
  readonly namespace: string;
  readonly name: string;
  /** Path under which the object is remembered. */
  readonly path: string;
  readonly form: ReadForm;
  readonly takesJson: boolean;
  /** The scope of this object alone. */
  scope(): Scope;
}

/** A parameter that is not in here may change the answer in a way that is not known here. */
const understood = new Set([
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeout',
  'timeoutSeconds',
  'watch',
]);

/** A LIST or WATCH of a whole collection, asked in a way that is fully understood; else undefined. */
export function collectionReadOf({ request, info, caller }: Exchange): CollectionRead | undefined {
  const { gvr, verb } = info;
  if (gvr === undefined || (verb !== 'list' && verb !== 'watch') || info.subresource !== '') return undefined;
  if (info.path !== collectionPath(gvr, info.namespace) || caller.isImpersonating) return undefined;
  for (const key of info.query.keys()) if (!understood.has(key)) return undefined;
  const { accept } = request.headers;
  return {
    verb,
    scope: scopeOf({
      gvr,
      namespace: info.namespace,
      labelSelector: info.query.get('labelSelector') ?? '',
      fieldSelector: info.query.get('fieldSelector') ?? '',
    }),
    form: formOf(accept),
    takesJson: acceptsPlainJson(accept),
    options: () => readOptions(info.query, verb),
  };
}

/** A GET of one object by name; undefined for subresources and for reads on behalf of another user. */
export function objectReadOf({ request, info, caller }: Exchange): ObjectRead | undefined {
  const { gvr, namespace, name } = info;
  if (gvr === undefined || info.verb !== 'get' || info.subresource !== '' || name === '') return undefined;
  if (caller.isImpersonating) return undefined;
  const { accept } = request.headers;
  return {
    gvr,
    namespace,
    name,
    path: objectPath(gvr, namespace, name),
    form: formOf(accept),
    takesJson: acceptsPlainJson(accept),
    scope: () => scopeOf({ gvr, namespace, labelSelector: '', fieldSelector: `metadata.name=${name}` }),
  };
}

export function objectPath(gvr: GroupVersionResource, namespace: string, name: string): string {
  return `${collectionPath(gvr, namespace)}/${name}`;
}

function formOf(accept: string | undefined): ReadForm {
  const rendering = preferredRendering(accept);
  if (rendering === 'table' || rendering === 'partial-object-metadata') return rendering;
  return acceptsPlainJson(accept) ? 'json' : 'other';
}
