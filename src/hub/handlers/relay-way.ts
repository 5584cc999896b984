// How the frames of a relayed watch get from the cloud to the client: as they are, or with objects as the filters let them be
// seen, in the form that the client reads.
import { jsonClauses, preferredRendering } from '../../apimachinery/negotiation.ts';
import { toPartialObjectMetadata } from '../../apimachinery/partial-object-metadata.ts';
import { encodeWatchEvent, type WatchFrame } from '../../apimachinery/watch-frame.ts';
import { type ReadOptions, readOptionsOrUndefined } from '../../cache/read-options.ts';
import { jsonType } from '../answer.ts';
import { storeFormOf } from '../answer-object.ts';
import type { Exchange } from '../exchange.ts';
import type { ObjectView } from '../filters/object-view.ts';
import { ShownFrames } from '../filters/shown-frames.ts';
import { framesAsProtobuf, protobufStreamType } from '../protobuf-answer.ts';
import type { CollectionRead } from '../read-request.ts';

/** From the cloud's frames to the client's. */
export interface RelayWay {
  /** What the cloud is asked for. */
  readonly accept: string;
  /** Undefined: as the cloud says. */
  readonly contentType: string | undefined;
  readonly ended: AbortSignal | undefined;
  pass(frames: readonly WatchFrame[]): readonly WatchFrame[];
  encode(frames: readonly WatchFrame[]): Buffer;
}

/** Undefined: this watch cannot be relayed frame by frame. @throws StatusError 406 */
export function relayWay(exchange: Exchange, read: CollectionRead): RelayWay | undefined {
  return exchange.view === undefined ? plainWay(exchange, read) : wayThrough(exchange.view, read);
}

/** Untouched; undefined for one to whom JSON would show less or more. */
function plainWay({ request }: Exchange, read: CollectionRead): RelayWay | undefined {
  if (read.form === 'other' || read.form === 'protobuf') return undefined;
  const accept = jsonClauses(request.headers.accept);
  if (preferredRendering(accept) !== read.form) return undefined;
  return { accept, contentType: undefined, ended: undefined, pass: (frames) => frames, encode: encodeFrames };
}

/** Objects as the filters let them be seen, so the cloud is asked for whole ones. @throws StatusError 406 */
function wayThrough(view: ObjectView, read: CollectionRead): RelayWay {
  const form = storeFormOf(read);
  const shown = new ShownFrames(view, read.scope.gvr, isFromNothing(readOptionsOrUndefined(read)));
  const render = (frame: WatchFrame): WatchFrame =>
    frame.type === 'ERROR' ? frame : { ...frame, object: toPartialObjectMetadata(frame.object) };
  return {
    accept: jsonType,
    contentType: form === 'protobuf' ? protobufStreamType : jsonType,
    ended: view.ended,
    pass: (frames) => shown.pass(frames),
    encode: (frames) => {
      const whole = encodeFrames(form === 'partial-object-metadata' ? frames.map(render) : frames);
      return form === 'protobuf' ? framesAsProtobuf(whole) : whole;
    },
  };
}

function encodeFrames(frames: readonly WatchFrame[]): Buffer {
  return Buffer.concat(frames.map(({ type, object }) => encodeWatchEvent(type, object)));
}

/** The client is first told what there is. */
export function isFromNothing(options: ReadOptions | undefined): boolean {
  const from = options?.resourceVersion ?? '';
  return from === '' || from === '0' || options?.sendInitialEvents === true;
}
