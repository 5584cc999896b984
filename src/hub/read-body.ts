// A request's whole body in memory, bounded as the apiserver bounds it.
import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { badRequest, requestEntityTooLarge } from '../apimachinery/status.ts';

/** The apiserver takes no larger ones. */
export const bodyLimitBytes = 3 * 1024 * 1024;

/**
 * Empty for a request without a body.
 * @throws StatusError 413 when it is too large, 400 when it ends in the middle
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bodyLimitBytes) throw requestEntityTooLarge(bodyLimitBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof Error && 'status' in cause) throw cause;
    throw badRequest('the body ended before its announced length', { cause });
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** @throws StatusError 400 when it is not what its header says, 413 when it is too large unpacked */
export function unpacked(body: Buffer, contentEncoding: string | undefined): Buffer {
  if (contentEncoding !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: bodyLimitBytes });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw requestEntityTooLarge(bodyLimitBytes);
    throw badRequest('the body is not gzip, although its content-encoding says so', { cause });
  }
}
