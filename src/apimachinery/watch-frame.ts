// The JSON form of a watch: one {"type":…,"object":…} a line. Frames are written and read without parsing the object; a
// frame may arrive in any number of chunks. A stream that ends inside a frame says so, so that half an event is never one.

import { JsonScanError, scanMembers, skipValue } from './json-scanner.ts';

const eventTypes = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'] as const;

export type WatchEventType = (typeof eventTypes)[number];

export interface WatchFrame {
  readonly type: WatchEventType;
  /** JSON text of the object, or of a Status for ERROR: a view into the received bytes, untouched. */
  readonly object: Buffer;
}

/** client-go's own limit for one frame. */
export const watchFrameLimitBytes = 16 * 1024 * 1024;

const heads = Object.fromEntries(
  eventTypes.map((type) => [type, Buffer.from(`{"type":"${type}","object":`)]),
) as Record<WatchEventType, Buffer>;
const tail = Buffer.from('}\n');

/**
 * `body` is one JSON value without newlines outside its strings, as Go and JSON.stringify write it. The frame has memory of
 * its own: it may be kept for long, and a piece of Node's pool keeps all of that piece's 64 kB.
 */
export function encodeWatchEvent(type: WatchEventType, body: Buffer): Buffer {
  const head = heads[type];
  const frame = Buffer.allocUnsafeSlow(head.length + body.length + tail.length);
  head.copy(frame);
  body.copy(frame, head.length);
  tail.copy(frame, head.length + body.length);
  return frame;
}

/**
 * "You have seen everything up to this resourceVersion"; with initialEventsEnd also "and what you have seen is the complete
 * set" (KEP-3157), which only a complete scope may say. kind and apiVersion are those of the watched objects.
 */
export function encodeBookmark(o: {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly initialEventsEnd?: boolean;
}): Buffer {
  const { kind, apiVersion, resourceVersion } = o;
  const annotations = o.initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const object = { kind, apiVersion, metadata: { resourceVersion, ...annotations } };
  return encodeWatchEvent('BOOKMARK', Buffer.from(JSON.stringify(object)));
}

/** The stream broke the form of a watch. */
export class MalformedWatchFrameError extends Error {
  readonly code = 'MALFORMED_WATCH_FRAME';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MalformedWatchFrameError';
  }
}

/** The stream ended inside a frame: the events before it are whole, and the watch resumes after them. */
export class CutWatchFrameError extends Error {
  readonly code = 'CUT_WATCH_FRAME';

  constructor(bytes: number) {
    super(`the watch ended inside a frame, after ${bytes} bytes of it`);
    this.name = 'CutWatchFrameError';
  }
}

export class WatchFrameTooLargeError extends Error {
  readonly code = 'WATCH_FRAME_TOO_LARGE';

  constructor(limitBytes: number) {
    super(`a watch frame is larger than ${limitBytes} bytes`);
    this.name = 'WatchFrameTooLargeError';
  }
}

/** Collects chunks into frames. After it has thrown, the stream cannot be understood any further: drop both. */
export class WatchFrameReader {
  readonly #limitBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(options: { readonly limitBytes?: number } = {}) {
    this.#limitBytes = options.limitBytes ?? watchFrameLimitBytes;
  }

  /** The frames that this chunk completes. Throws MalformedWatchFrameError, WatchFrameTooLargeError. */
  push(chunk: Buffer): readonly WatchFrame[] {
    const frames: WatchFrame[] = [];
    let start = 0;
    for (;;) {
      const newline = chunk.indexOf(0x0a, start);
      const end = newline < 0 ? chunk.length : newline;
      if (this.#pendingBytes + end - start > this.#limitBytes) throw new WatchFrameTooLargeError(this.#limitBytes);
      if (newline < 0) {
        this.#keep(chunk.subarray(start));
        return frames;
      }
      const line = this.#take(chunk.subarray(start, newline));
      if (!isBlank(line)) frames.push(readFrame(line));
      start = newline + 1;
    }
  }

  /** Call when the stream has ended. Throws CutWatchFrameError if it ended inside a frame. */
  end(): void {
    const bytes = this.#pendingBytes;
    if (!isBlank(this.#take(Buffer.alloc(0)))) throw new CutWatchFrameError(bytes);
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#pending.push(part);
    this.#pendingBytes += part.length;
  }

  #take(last: Buffer): Buffer {
    if (this.#pendingBytes === 0) return last;
    const line = Buffer.concat([...this.#pending, last]);
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function readFrame(line: Buffer): WatchFrame {
  let type: WatchEventType | undefined;
  let object: Buffer | undefined;
  try {
    scanMembers(line, (key, at) => {
      const end = skipValue(line, at);
      if (key === 'type') {
        const text = line.toString('latin1', at + 1, end - 1);
        type = eventTypes.find((known) => known === text);
      } else if (key === 'object') object = line.subarray(at, end);
      return end;
    });
  } catch (cause) {
    if (!(cause instanceof JsonScanError)) throw cause;
    throw new MalformedWatchFrameError(`a watch frame is malformed: ${cause.message}`, { cause });
  }
  if (type === undefined || object === undefined || object[0] !== 0x7b) {
    throw new MalformedWatchFrameError('a watch frame carries no known type or no object');
  }
  return { type, object };
}
