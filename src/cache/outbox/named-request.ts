// What a request leaves out for others to say: the name of its object, which may stand in the body, and the kind.
import { isJsonObject, type JsonValue } from '../../apimachinery/json.ts';
import type { Known, WriteRequest } from '../writes/write-request.ts';

/** What stands there says of which kind it is where nobody has read discovery. */
export function ofKnownKind(request: WriteRequest, known: Known): WriteRequest {
  if (request.kind !== '' || known.state !== 'present') return request;
  const { kind } = known.object;
  return typeof kind === 'string' ? { ...request, kind } : request;
}

/** The object that a create is about, by the name in its body. */
export function named(request: WriteRequest): WriteRequest {
  return request.name === '' ? { ...request, name: nameOf(request.body) } : request;
}

/** '' where it has none, or is none. */
export function nameOf(object: JsonValue | undefined): string {
  const metadata = isJsonObject(object) ? object.metadata : undefined;
  const name = isJsonObject(metadata) ? metadata.name : undefined;
  return typeof name === 'string' ? name : '';
}
