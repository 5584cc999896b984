// The body of an answer as the server wrote it, whatever the link carried: gzip is undone as it streams.
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { UpstreamResponse } from '../../cache/transport.ts';
import { ExchangeEndedError, UpstreamBodyCutError } from './errors.ts';
import type { ResponseBody } from './response-body.ts';

/**
 * With the headers that go with it. It throws UpstreamBodyCutError where the body was cut, and ends with its reader.
 * @param server by name, for the error
 */
export function decodedBody(
  body: ResponseBody,
  headers: UpstreamResponse['headers'],
  server: string,
): Omit<UpstreamResponse, 'statusCode'> {
  const isGzip = headers['content-encoding'] === 'gzip';
  if (!isGzip) return { headers, body: consumable(body, body, server) };
  const { 'content-encoding': _decoded, 'content-length': _ofTheEncoded, ...kept } = headers;
  // A failure on one side ends the other; whoever reads the result sees it.
  const gunzip = pipeline(body, createGunzip(), () => {});
  return { headers: kept, body: consumable(gunzip, body, server) };
}

function consumable(source: Readable, body: ResponseBody, server: string): UpstreamResponse['body'] {
  // The error belongs to whoever reads; one that comes while nobody does is kept by the stream until somebody does.
  source.on('error', () => {});
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of source) yield chunk as Buffer;
      } catch (cause) {
        throw new UpstreamBodyCutError({ server, cause });
      } finally {
        body.destroy();
      }
    },
    cancel: () => {
      if (!source.destroyed) source.destroy(new ExchangeEndedError('cancelled', 'the rest of the body is not wanted'));
      body.destroy();
    },
  };
}
