// How values stand on the wire: as a number, as eight bytes, or as bytes behind their length.
import type { FieldType } from '../schema/type-schema.ts';

export const wireVarint = 0;
const wireFixed64 = 1;
export const wireBytes = 2;

export function wireTypeOf(type: FieldType): number {
  if (type === 'bool' || type === 'int32' || type === 'int64') return wireVarint;
  return type === 'double' ? wireFixed64 : wireBytes;
}
