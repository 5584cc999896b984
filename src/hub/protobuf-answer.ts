// Answers for clients that take protobuf and nothing plainer. The store is JSON; these are made of it, one by one.
import { parseJson } from '../apimachinery/json.ts';
import { encodeProtobuf, encodeProtobufWatchEvent } from '../apimachinery/protobuf/encode-protobuf.ts';
import { UnknownKindError } from '../apimachinery/protobuf/protobuf-error.ts';
import { notAcceptable } from '../apimachinery/status.ts';
import { WatchFrameReader } from '../apimachinery/watch-frame.ts';
import { jsonType } from './answer.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';
export const protobufStreamType = `${protobufType};stream=watch`;

/** @throws StatusError 406 for kinds that have no protobuf form; ProtobufError when a field has none */
export function asProtobuf(body: Buffer): Buffer {
  try {
    return encodeProtobuf(parseJson(body) as Readonly<Record<string, unknown>>);
  } catch (error) {
    if (error instanceof UnknownKindError) throw notAcceptable([jsonType]);
    throw error;
  }
}

/** @param frames whole ones, as they go to clients that take JSON */
export function framesAsProtobuf(frames: Buffer): Buffer {
  const events = new WatchFrameReader().push(frames);
  return Buffer.concat(
    events.map(({ type, object }) =>
      encodeProtobufWatchEvent(type, parseJson(object) as Readonly<Record<string, unknown>>),
    ),
  );
}
