// The resourceVersion of a list, or of an object, out of the two ends of its body: a list of many megabytes is passed on
// and never held. Pure. Where these bytes do not tell, as in a custom resource with labels before its version, nothing is
// guessed.
import { magic } from './protobuf/magic.ts';

/** Enough for what stands before the version, and after it. */
export const endBytes = { head: 4096, tail: 512 };

/** As Go's typed encoder writes lists and objects alike: type, then metadata, and in it nothing nested before the version. */
const atHead = /^\{"kind":"[^"]+","apiVersion":"[^"]+","metadata":\{[^{}]*?"resourceVersion":"([1-9]\d*)"/;
/** Lists of custom resources have their keys in the order of the alphabet, the items before metadata. */
const atTail = /"metadata":\{[^{}]*?"resourceVersion":"([1-9]\d*)"[^{}]*\}\}\s*$/;

/**
 * @param head the first bytes, decoded; `tail` the last ones, or none
 * @returns '' when they do not tell
 */
export function versionInBody(contentType: string, head: Buffer, tail: Buffer, isList: boolean): string {
  if (contentType.startsWith('application/json')) {
    const found = atHead.exec(head.toString('latin1')) ?? (isList ? atTail.exec(tail.toString('latin1')) : null);
    return found?.[1] ?? '';
  }
  return contentType.startsWith('application/vnd.kubernetes.protobuf') ? versionInProtobuf(head, isList) : '';
}

/** runtime.Unknown {typeMeta = 1, raw = 2}; in raw {metadata = 1}; in metadata the version: 2 of a list, 6 of an object. */
function versionInProtobuf(head: Buffer, isList: boolean): string {
  if (!head.subarray(0, magic.length).equals(magic)) return '';
  const raw = find(head, { from: magic.length, to: head.length }, 2);
  const metadata = raw && find(head, raw, 1);
  const version = metadata && find(head, metadata, isList ? 2 : 6);
  if (version === undefined || version.to > head.length) return '';
  const text = head.toString('latin1', version.from, version.to);
  return /^[1-9]\d*$/.test(text) ? text : '';
}

interface Span {
  readonly from: number;
  /** May lie beyond what is there. */
  readonly to: number;
}

/** The content of the first field of this number, if only fields with a length or a number stand before it. */
function find(bytes: Buffer, { from, to }: Span, wanted: number): Span | undefined {
  let at = from;
  while (at < to) {
    const header = varint(bytes, at);
    const length = header && varint(bytes, header.end);
    if (header === undefined || length === undefined) return undefined;
    const [field, wireType] = [Math.floor(header.value / 8), header.value % 8];
    if (wireType !== 0 && wireType !== 2) return undefined;
    const end = wireType === 2 ? length.end + length.value : length.end;
    if (field === wanted) return { from: length.end, to: end };
    at = end;
  }
  return undefined;
}

function varint(bytes: Buffer, from: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 7; index += 1) {
    const byte = bytes[from + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return { value, end: from + index + 1 };
  }
  return undefined;
}
