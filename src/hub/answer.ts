// Answers that the hub writes itself.
import type { ServerResponse } from 'node:http';
import type { Status } from '../apimachinery/status.ts';
import type { Exchange } from './exchange.ts';

export const jsonType = 'application/json';

/** A whole body at once. HEAD gets the head alone. */
export function answerBody(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  statusCode: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): void {
  response.writeHead(statusCode, {
    'cache-control': 'no-cache, private',
    ...headers,
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A body of known size at the pace of the client: what it has not read yet is not made yet. HEAD gets the head alone. */
export function answerBlocks(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  headers: Readonly<Record<string, string>>,
  { bytes, blocks }: { readonly bytes: number; readonly blocks: Iterable<Buffer> },
): void {
  response.writeHead(200, { 'cache-control': 'no-cache, private', ...headers, 'content-length': bytes });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const iterator = blocks[Symbol.iterator]();
  const writeOn = (): void => {
    for (let block = iterator.next(); ; block = iterator.next()) {
      if (block.done === true) {
        response.off('drain', writeOn);
        response.end();
        return;
      }
      if (!response.write(block.value)) return;
    }
  };
  response.on('drain', writeOn);
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
