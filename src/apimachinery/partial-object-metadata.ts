// The metadata of an object without the object: what metadata informers ask for. The metadata is copied byte for byte.

import { JsonScanError, scanMembers, skipValue } from './json-scanner.ts';
import { MalformedObjectError } from './object.ts';

const head = Buffer.from('{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":');
const tail = Buffer.from('}');

/** From a whole object or a list item. Throws MalformedObjectError. */
export function toPartialObjectMetadata(body: Buffer): Buffer {
  let metadata: Buffer | undefined;
  try {
    scanMembers(body, (key, at) => {
      const end = skipValue(body, at);
      if (key === 'metadata') metadata = body.subarray(at, end);
      return end;
    });
  } catch (cause) {
    if (!(cause instanceof JsonScanError)) throw cause;
    throw new MalformedObjectError(`an object is malformed: ${cause.message}`, { cause });
  }
  if (metadata === undefined || metadata[0] !== 0x7b) throw new MalformedObjectError('an object carries no metadata');
  return Buffer.concat([head, metadata, tail]);
}
