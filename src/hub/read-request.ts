// What kind of read a request is: whether its answer can be shared with other clients at all, and in which form.
// Pure; decided before anything is looked up.
import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import { acceptsPlainJson, preferredRendering } from '../apimachinery/negotiation.ts';
import { type ReadOptions, readOptions } from '../cache/read-options.ts';
import { collectionPath, type Scope, scopeOf, scopeOfObject } from '../cache/scope.ts';
import type { Exchange } from './exchange.ts';

/** `json` also for clients that would rather have protobuf but take JSON; `protobuf` for those that take nothing plainer. */
export type ReadForm = 'json' | 'protobuf' | 'table' | 'partial-object-metadata' | 'other';

/** Forms in which the store answers. */
export type StoreForm = Extract<ReadForm, 'json' | 'protobuf' | 'partial-object-metadata'>;

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
  readonly verb: 'get';
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

export type Read = CollectionRead | ObjectRead;

/** What it is read from. */
type Asked = Pick<Exchange, 'request' | 'info' | 'caller'>;

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

/** Undefined when the answer is for this client alone. @throws StatusError when the selectors cannot be parsed */
export function readOf(asked: Asked): Read | undefined {
  return asked.info.verb === 'get' ? objectReadOf(asked) : collectionReadOf(asked);
}

/** A LIST or WATCH of a whole collection, asked in a way that is fully understood; else undefined. */
function collectionReadOf({ request, info, caller }: Asked): CollectionRead | undefined {
  const { gvr, verb } = info;
  if (gvr === undefined || (verb !== 'list' && verb !== 'watch') || info.subresource !== '') return undefined;
  if (info.path !== collectionPath(gvr, info.namespace) || caller.isImpersonating) return undefined;
  for (const key of info.query.keys()) if (!understood.has(key)) return undefined;
  return {
    verb,
    scope: scopeOf({
      gvr,
      namespace: info.namespace,
      labelSelector: info.query.get('labelSelector') ?? '',
      fieldSelector: info.query.get('fieldSelector') ?? '',
    }),
    ...formsOf(request.headers.accept),
    options: () => readOptions(info.query, verb),
  };
}

/** A GET of one object by name; undefined for subresources and for reads on behalf of another user. */
function objectReadOf({ request, info, caller }: Asked): ObjectRead | undefined {
  const { gvr, namespace, name } = info;
  if (gvr === undefined || info.subresource !== '' || name === '' || caller.isImpersonating) return undefined;
  let scope: Scope | undefined;
  return {
    verb: 'get',
    gvr,
    namespace,
    name,
    path: objectPath(gvr, namespace, name),
    ...formsOf(request.headers.accept),
    scope: () => {
      scope ??= scopeOfObject(gvr, namespace, name);
      return scope;
    },
  };
}

/** A GET of an object's status, which is a GET of the object where its kind has that subresource. */
export function statusReadOf({ request, info, caller }: Asked): ObjectRead | undefined {
  if (info.verb !== 'get' || info.subresource !== 'status') return undefined;
  return objectReadOf({ request, caller, info: { ...info, subresource: '' } });
}

export function objectPath(gvr: GroupVersionResource, namespace: string, name: string): string {
  return `${collectionPath(gvr, namespace)}/${name}`;
}

function formsOf(accept: string | undefined): { readonly form: ReadForm; readonly takesJson: boolean } {
  const takesJson = acceptsPlainJson(accept);
  const rendering = preferredRendering(accept);
  if (rendering === 'table' || rendering === 'partial-object-metadata') return { form: rendering, takesJson };
  if (takesJson) return { form: 'json', takesJson };
  return { form: rendering === 'protobuf' ? 'protobuf' : 'other', takesJson };
}
