// Takes a List apart into its items. An item is a view into the given buffer, untouched. A List that is cut off, repeats a key or lacks kind, apiVersion or items is an error, never a shorter list.

import { JsonScanError, scanElements, scanMembers, skipValue } from './json-scanner.ts';

export interface SplitList {
  /** 'PodList' */
  readonly kind: string;
  readonly apiVersion: string;
  /** '' where the server gave none. */
  readonly resourceVersion: string;
  /** '' on the last page. */
  readonly continue: string;
  readonly remainingItemCount: number | undefined;
  /** Views into the body: they keep it in memory. readListItem copies what is to stay. */
  readonly items: readonly Buffer[];
}

/** The bytes are no whole List. `cause` tells the place where scanning failed. */
export class MalformedListError extends Error {
  readonly code = 'MALFORMED_LIST';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MalformedListError';
  }
}

/** Throws MalformedListError. Items are delimited, not parsed: what is inside one is readListItem's to judge. */
export function splitList(body: Buffer): SplitList {
  let type: { kind?: unknown; apiVersion?: unknown; metadata?: unknown } = {};
  let items: Buffer[] | undefined;
  try {
    scanMembers(body, (key, at) => {
      if (key === 'items' && body[at] === 0x5b) {
        const found: Buffer[] = [];
        items = found;
        return scanElements(body, at, (start, end) => {
          if (body[start] !== 0x7b) throw new JsonScanError('expected an item', start);
          found.push(body.subarray(start, end));
        });
      }
      const end = skipValue(body, at);
      if (key === 'kind' || key === 'apiVersion' || key === 'metadata') {
        type = { ...type, [key]: parse(body, key, at, end) };
      } else if (key === 'items') {
        if (parse(body, key, at, end) !== null) throw new MalformedListError('items of a list is no array');
        items = [];
      }
      return end;
    });
  } catch (cause) {
    if (cause instanceof JsonScanError)
      throw new MalformedListError(`a list is malformed: ${cause.message}`, { cause });
    throw cause;
  }
  const { kind, apiVersion } = type;
  if (typeof kind !== 'string' || kind === '' || typeof apiVersion !== 'string' || apiVersion === '') {
    throw new MalformedListError('a list carries no kind or no apiVersion');
  }
  if (items === undefined) throw new MalformedListError(`a ${kind} carries no items`);
  return { kind, apiVersion, ...listMeta(type.metadata ?? {}), items };
}

function parse(body: Buffer, key: string, start: number, end: number): unknown {
  try {
    return JSON.parse(body.toString('utf8', start, end));
  } catch (cause) {
    throw new MalformedListError(`${key} of a list is no JSON`, { cause });
  }
}

function listMeta(metadata: unknown): Pick<SplitList, 'resourceVersion' | 'continue' | 'remainingItemCount'> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new MalformedListError('metadata of a list is no object');
  }
  const { resourceVersion = '', continue: next = '', remainingItemCount } = metadata as Record<string, unknown>;
  if (typeof resourceVersion !== 'string' || typeof next !== 'string') {
    throw new MalformedListError('metadata.resourceVersion or metadata.continue of a list is no string');
  }
  const remaining = typeof remainingItemCount === 'number' ? remainingItemCount : undefined;
  return { resourceVersion, continue: next, remainingItemCount: remaining };
}
