// An upstream WATCH as an async iterable of frames, as many as came in one piece of the stream.
import { type WatchFrame, WatchFrameReader } from '../../apimachinery/watch-frame.ts';
import type { Credential } from '../credential.ts';
import { HistoryExpiredError, UpstreamStatusError } from '../errors.ts';
import { type Scope, scopeRequestPath } from '../scope.ts';
import type { Transport, UpstreamResponse } from '../transport.ts';

export interface WatchRequest {
  readonly transport: Transport;
  readonly scope: Scope;
  readonly credential: Credential;
  readonly signal: AbortSignal;
  readonly parameters: Readonly<Record<string, string>>;
}

export type WatchStream = AsyncIterable<readonly WatchFrame[]> & { cancel(): void };

/** The apiserver sends a bookmark about every minute: a stream that is silent for longer has died unnoticed. */
const idleTimeoutMs = 100_000;

/**
 * Resolves when the cloud has accepted the watch.
 * @throws HistoryExpiredError on 410; UpstreamStatusError on any other refusal.
 */
export async function openWatch(request: WatchRequest): Promise<WatchStream> {
  const { transport, scope, credential, signal, parameters } = request;
  const path = scopeRequestPath(scope, parameters);
  const response = await transport.get({
    credential,
    path,
    headers: { accept: 'application/json' },
    signal,
    idleTimeoutMs,
  });
  if (response.statusCode === 200) return watchStream(response.body);
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (response.statusCode === 410) throw new HistoryExpiredError(body.subarray(0, 300).toString());
  throw new UpstreamStatusError({ ...response, body });
}

function watchStream(body: UpstreamResponse['body']): WatchStream {
  return { [Symbol.asyncIterator]: () => readFrames(body), cancel: () => body.cancel() };
}

async function* readFrames(body: UpstreamResponse['body']): AsyncGenerator<readonly WatchFrame[]> {
  const reader = new WatchFrameReader();
  try {
    for await (const chunk of body) {
      const frames = reader.push(chunk);
      if (frames.length > 0) yield frames;
    }
    reader.end();
  } finally {
    body.cancel();
  }
}
