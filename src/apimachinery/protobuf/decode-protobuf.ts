// Bodies of application/vnd.kubernetes.protobuf: four magic bytes, then an envelope (runtime.Unknown) that alone says
// apiVersion and kind, then the object. Built-in clients since 1.32 send these for creates and updates.
import type { JsonObject } from '../json.ts';
import { schemaOf } from '../schema/schema-of.ts';
import { decodeMessage } from './decode-message.ts';
import { magic } from './magic.ts';
import { ProtobufError, UnknownFieldError, UnknownKindError } from './protobuf-error.ts';
import { WireReader } from './wire-reader.ts';
import { wireBytes } from './wire-types.ts';

export interface DecodedProtobuf {
  readonly apiVersion: string;
  readonly kind: string;
  /** As apiserver would write it in JSON, `kind` and `apiVersion` first. Integers above 2^53 are bigints. */
  readonly object: JsonObject;
}

/**
 * @param fallback what the object is when its envelope does not say so, as the request's path has it
 * @throws ProtobufError 400 malformed, UnknownKindError (415), UnknownFieldError (503)
 */
export function decodeProtobuf(
  body: Buffer,
  fallback?: { readonly apiVersion: string; readonly kind: string },
): DecodedProtobuf {
  return decodeNested(body, fallback, 0);
}

/** How many objects stand inside each other: a List in a review's object, and no more than that happens. */
const maxNesting = 8;

function decodeNested(
  body: Buffer,
  fallback: { readonly apiVersion: string; readonly kind: string } | undefined,
  level: number,
): DecodedProtobuf {
  if (level > maxNesting) throw new ProtobufError(400, `objects are nested deeper than ${maxNesting} levels`);
  if (!body.subarray(0, magic.length).equals(magic)) throw new ProtobufError(400, 'the body is no Kubernetes protobuf');
  const envelope = readEnvelope(new WireReader(body, magic.length));
  const apiVersion = envelope.apiVersion || (fallback?.apiVersion ?? '');
  const kind = envelope.kind || (fallback?.kind ?? '');
  const schema = schemaOf(apiVersion, kind);
  if (schema === undefined) throw new UnknownKindError(apiVersion, kind);
  const members = decodeMessage(schema, envelope.raw, (inner) => decodeNested(inner, undefined, level + 1).object);
  return { apiVersion, kind, object: schema.hasTypeMeta ? { kind, apiVersion, ...members } : members };
}

interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: WireReader;
}

/** typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2, contentEncoding = 3, contentType = 4 (both empty). */
function readEnvelope(reader: WireReader): Envelope {
  let typeMeta = { apiVersion: '', kind: '' };
  let raw = new WireReader(Buffer.alloc(0));
  eachBytes('runtime.Unknown', reader, (tag) => {
    if (tag === 1) typeMeta = readTypeMeta(reader.message());
    else if (tag === 2) raw = reader.message();
    else if (tag > 4) throw new UnknownFieldError('runtime.Unknown', tag);
    else if (reader.string() !== '') throw new ProtobufError(415, 'the body is encoded once more inside its envelope');
  });
  return { ...typeMeta, raw };
}

function readTypeMeta(reader: WireReader): { apiVersion: string; kind: string } {
  const found = { apiVersion: '', kind: '' };
  eachBytes('runtime.TypeMeta', reader, (tag) => {
    if (tag === 1) found.apiVersion = reader.string();
    else if (tag === 2) found.kind = reader.string();
    else throw new UnknownFieldError('runtime.TypeMeta', tag);
  });
  return found;
}

function eachBytes(type: string, reader: WireReader, read: (tag: number) => void): void {
  while (!reader.isAtEnd) {
    const header = reader.header();
    if ((header & 7) !== wireBytes)
      throw new ProtobufError(400, `field ${header >>> 3} of ${type} is no text or message`);
    read(header >>> 3);
  }
}
