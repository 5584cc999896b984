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
