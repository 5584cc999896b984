// Takes a List apart into its items and puts items together to a List, as bytes. An item is a view into the given buffer,
// untouched. A List that is cut off, repeats a key or lacks kind, apiVersion or items is an error, never a shorter list.

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

/** An item as KubernetesObject keeps it. */
export interface ListItem {
  readonly body: Buffer;
  readonly itemStart: number;
}

export interface ListText {
  readonly bytes: number;
  /** The text, piece by piece, each made when it is asked for. */
  readonly blocks: Iterable<Buffer>;
}

/**
 * Malloc gives pieces of this size out again from what was freed; a whole list of 1.5 MB comes fresh from the kernel, page
 * by page, which costs more than the copying. And a client that reads slowly holds one block, not all of it.
 */
const blockBytes = 64 * 1024;

/** A List in the key order of Go's typed encoder, with its closing newline. Items are copied as they are. */
export function assembleList(
  list: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly resourceVersion: string;
    readonly continue?: string;
  },
  items: readonly ListItem[],
): ListText {
  const { kind, apiVersion, resourceVersion } = list;
  const metadata = { resourceVersion, ...(list.continue ? { continue: list.continue } : {}) };
  const head = JSON.stringify({ kind, apiVersion, metadata });
  const opening = Buffer.from(`${head.slice(0, -1)},"items":[`);
  let bytes = opening.length + closing.length;
  for (const [index, item] of items.entries()) bytes += bytesInList(item, index);
  return { bytes, blocks: inBlocks(opening, items) };
}

const closing = Buffer.from(']}\n');
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;

/** With the comma before it. */
function bytesInList({ body, itemStart }: ListItem, index: number): number {
  return (index > 0 ? 1 : 0) + (itemStart > 0 ? 1 : 0) + body.length - itemStart;
}

function* inBlocks(opening: Buffer, items: readonly ListItem[]): Generator<Buffer> {
  let next = 0;
  do {
    const first = next;
    let bytes = first === 0 ? opening.length : 0;
    for (; next < items.length && bytes < blockBytes; next += 1) bytes += bytesInList(items[next]!, next);
    const isLast = next === items.length;
    const block = Buffer.allocUnsafe(isLast ? bytes + closing.length : bytes);
    let end = first === 0 ? opening.copy(block) : 0;
    for (let index = first; index < next; index += 1) {
      const { body, itemStart } = items[index]!;
      if (index > 0) block[end++] = COMMA;
      if (itemStart > 0) block[end++] = OPEN_BRACE;
      end += body.copy(block, end, itemStart);
    }
    if (isLast) closing.copy(block, end);
    yield block;
  } while (next < items.length);
}
