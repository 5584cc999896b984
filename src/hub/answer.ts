// Answers that the hub writes itself.
import type { ServerResponse } from 'node:http';
import type { Status } from '../apimachinery/status.ts';
import type { Exchange } from './exchange.ts';

export const jsonType = 'application/json';

/** A whole body at once. HEAD gets the head alone. */
export function answerBody(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  statusCode: number,
  headers: Readonly<Record<string, string | readonly string[]>>,
  body: Buffer,
): void {
  response.writeHead(statusCode, {
    'cache-control': 'no-cache, private',
    ...headers,
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * What a text is read through. One block serves a whole answer: a new one for each 64 kB of a LIST made V8 look through its
 * heap every 25 MB, which cost more than the answers. It is as large as malloc gives out again from what was freed.
 */
const blockBytes = 64 * 1024;

/** A text of known size at the pace of the client: read on when it has taken what was read before. HEAD gets the head alone. */
export function answerText(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  headers: Readonly<Record<string, string>>,
  text: { readonly bytes: number; read(block: Buffer): number },
): void {
  response.writeHead(200, { 'cache-control': 'no-cache, private', ...headers, 'content-length': text.bytes });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const block = Buffer.allocUnsafeSlow(Math.min(text.bytes, blockBytes));
  let left = text.bytes;
  const writeOn = (error?: Error | null): void => {
    if (error) return; // the client has left
    const filled = text.read(block);
    left -= filled;
    if (left === 0) response.end(block.subarray(0, filled));
    else response.write(block.subarray(0, filled), writeOn);
  };
  writeOn();
}

/** Retry-After only where the Status itself asks for it, as the apiserver does. */
export function answerStatus(exchange: Pick<Exchange, 'request' | 'response'>, status: Status): void {
  const seconds = status.details?.retryAfterSeconds;
  const headers = { 'content-type': jsonType, ...(seconds !== undefined && { 'retry-after': String(seconds) }) };
  answerBody(exchange, status.code, headers, Buffer.from(`${JSON.stringify(status)}\n`));
}

/** What an answer from the store says about itself. */
export function cacheHeaders(ageSeconds: number, contentType = jsonType): Record<string, string> {
  return { 'content-type': contentType, 'x-holdfast-source': 'cache', 'x-holdfast-age': String(ageSeconds) };
}

/** For a stream that is written piece by piece. */
export function openStream(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  response.writeHead(200, { 'cache-control': 'no-cache, private', ...headers });
  response.flushHeaders();
}
