// How a client wants objects and lists written: whole, as metadata only, or as a Table; and the bytes of each.

import { parseAccept } from '../apimachinery/negotiation.ts';
import { toPartialObjectMetadata } from '../apimachinery/partial-object-metadata.ts';
import { notAcceptable, StatusError, status } from '../apimachinery/status.ts';
import { encodeJson } from './document.ts';
import type { ListResult } from './list-objects.ts';
import { apiVersionOfDefinition, type ResourceDefinition } from './resource-definitions.ts';
import type { StoredObject } from './stored-object.ts';
import { type IncludeObject, tableOf } from './table.ts';

export type Rendering =
  | { readonly as: 'json' }
  | { readonly as: 'partial-object-metadata'; readonly apiVersion: string }
  | { readonly as: 'table'; readonly apiVersion: string; readonly includeObject: IncludeObject };

const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

/** The first clause this JSON-only server can serve. Throws NotAcceptable. */
export function negotiate(accept: string | undefined, query: URLSearchParams): Rendering {
  if (accept === undefined || accept === '') return { as: 'json' };
  for (const { type, parameters } of parseAccept(accept)) {
    if (!jsonTypes.has(type)) continue;
    const { as, g, v } = parameters;
    if (as === undefined || as === '') return { as: 'json' };
    if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) continue;
    const apiVersion = `meta.k8s.io/${v}`;
    if (as === 'Table') return { as: 'table', apiVersion, includeObject: includeObjectOf(query) };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
      return { as: 'partial-object-metadata', apiVersion };
    }
  }
  throw new StatusError(status('NotAcceptable', notAcceptable(['application/json']).message, {}));
}

function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
}

/** Without a trailing newline. */
export function renderObject(rendering: Rendering, stored: StoredObject, nowMs: number): Buffer {
  if (rendering.as === 'json') return stored.body;
  if (rendering.as === 'partial-object-metadata') return partial(stored);
  return encodeJson(
    tableOf(stored.definition, [stored], {
      ...rendering,
      nowMs,
      resourceVersion: stored.document.metadata.resourceVersion,
    }),
  );
}

/** Without a trailing newline. */
export function renderList(
  rendering: Rendering,
  definition: ResourceDefinition,
  list: ListResult,
  nowMs: number,
): Buffer {
  const { resourceVersion, continueToken, remainingItemCount } = list;
  if (rendering.as === 'table') {
    return encodeJson(
      tableOf(definition, list.objects, { ...rendering, nowMs, resourceVersion, continueToken, remainingItemCount }),
    );
  }
  const metadata = {
    resourceVersion,
    ...(continueToken === '' ? {} : { continue: continueToken }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
  if (rendering.as === 'partial-object-metadata') {
    const head = { kind: 'PartialObjectMetadataList', apiVersion: rendering.apiVersion, metadata };
    return typedList(head, list.objects.map(partial));
  }
  const items = list.objects.map(({ item }) => item);
  const kind = `${definition.kind}List`;
  const apiVersion = apiVersionOfDefinition(definition);
  if (definition.encoding === 'typed') return typedList({ kind, apiVersion, metadata }, items);
  // As Go writes a map: keys sorted, and an empty continue is there.
  const sorted = {
    continue: continueToken,
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
    resourceVersion,
  };
  const tail = `],"kind":${JSON.stringify(kind)},"metadata":${JSON.stringify(sorted)}}`;
  return joined(`{"apiVersion":${JSON.stringify(apiVersion)},"items":[`, items, tail);
}

function typedList(head: { kind: string; apiVersion: string; metadata: object }, items: readonly Buffer[]): Buffer {
  return joined(`${JSON.stringify(head).slice(0, -1)},"items":[`, items, ']}');
}

function joined(head: string, items: readonly Buffer[], tail: string): Buffer {
  const comma = Buffer.from(',');
  return Buffer.concat([
    Buffer.from(head),
    ...items.flatMap((item, index) => (index === 0 ? [item] : [comma, item])),
    Buffer.from(tail),
  ]);
}

function partial({ body }: StoredObject): Buffer {
  return toPartialObjectMetadata(body);
}
