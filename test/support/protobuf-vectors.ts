// Objects that client-go encoded, as scripts/schema/vectors writes them, held against our own codec.
import type { ExecutionContext } from 'ava';
import { equalJson, isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../src/apimachinery/json.ts';
import { decodeProtobuf } from '../../src/apimachinery/protobuf/decode-protobuf.ts';
import { encodeProtobuf, encodeProtobufWatchEvent } from '../../src/apimachinery/protobuf/encode-protobuf.ts';
import { conform } from '../../src/apimachinery/schema/conform.ts';
import { schemaOf } from '../../src/apimachinery/schema/schema-of.ts';

export interface ProtobufVector {
  readonly apiVersion: string;
  readonly kind: string;
  readonly protobuf: Buffer;
  /** What Go makes of `protobuf`. */
  readonly object: JsonObject;
  /** What Go makes of `object`. */
  readonly again: Buffer;
  /** The same as a MODIFIED event of a watch stream. */
  readonly watch?: Buffer;
}

export function parseVectors(text: string): readonly ProtobufVector[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const { apiVersion, kind, protobuf, json, again, watch } = parseJson(line) as Record<string, string>;
    const object = json as unknown as JsonObject;
    const first = Buffer.from(protobuf!, 'base64');
    return {
      apiVersion: apiVersion!,
      kind: kind!,
      protobuf: first,
      object,
      again: again ? Buffer.from(again, 'base64') : first,
      ...(watch !== undefined && { watch: Buffer.from(watch, 'base64') }),
    };
  });
}

/** Decoded, it is Go's JSON to the order of its fields; encoded, Go's bytes; and Go's JSON needs no conforming. */
export function holdsVector(t: ExecutionContext, vector: ProtobufVector): void {
  const name = `${vector.apiVersion} ${vector.kind}`;
  const decoded = decodeProtobuf(vector.protobuf);
  t.is(decoded.apiVersion, vector.apiVersion);
  t.is(decoded.kind, vector.kind);
  if (!equalJson(decoded.object, vector.object)) t.deepEqual(decoded.object, vector.object, `${name}: decoded`);
  t.is(stringifyJson(decoded.object), stringifyJson(vector.object), `${name}: order of fields`);
  t.true(encodeProtobuf(vector.object).equals(vector.again), `${name}: encoded`);
  if (vector.watch !== undefined) {
    t.true(encodeProtobufWatchEvent('MODIFIED', vector.object).equals(vector.watch), `${name}: in a watch`);
  }
  const conformed = conform(schemaOf(vector.apiVersion, vector.kind)!, vector.object);
  t.deepEqual(conformed.unknownFields, [], name);
  // A pointer to nothing is null in JSON, and read again it is nothing.
  const isSame = equalJson(conformed.object, vector.object);
  t.true(isSame || equalJson(conformed.object, decodeProtobuf(vector.again).object), `${name}: conformed`);
  t.true(isJsonObject(decoded.object));
}
