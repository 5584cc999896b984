// One request on its way through the control plane.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../apimachinery/clock.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from '../apimachinery/status.ts';
import type { User } from './authentication.ts';
import type { Faults } from './faults.ts';
import type { Reply } from './reply.ts';
import type { ObjectStore } from './store.ts';
import type { WatchHub } from './watch-hub.ts';

export type Authorize = (user: User, info: RequestInfo) => boolean;

/** What all calls share. */
export interface Serving {
  readonly store: ObjectStore;
  readonly watches: WatchHub;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly authorize: Authorize;
}

export interface Call extends Serving {
  readonly request: IncomingMessage;
  readonly info: RequestInfo;
  readonly user: User;
  readonly reply: Reply;
  /** The client is gone, or the server closes. */
  readonly signal: AbortSignal;
}

const bodyLimitBytes = 3 * 1024 * 1024;

/** The body as JSON; undefined when empty. Throws RequestEntityTooLarge, UnsupportedMediaType, BadRequest. */
export async function readJson(request: IncomingMessage, accepted: readonly string[]): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw requestEntityTooLarge(bodyLimitBytes);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  const contentType = request.headers['content-type'] ?? 'application/json';
  const mediaType = contentType.split(';')[0]!.trim().toLowerCase();
  if (!accepted.includes(mediaType)) throw unsupportedMediaType(accepted);
  const text = Buffer.concat(chunks).toString();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badRequest(`the body is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** As readJson, for a body that must be an object. */
export async function readDocument(
  request: IncomingMessage,
  accepted: readonly string[],
): Promise<Record<string, unknown>> {
  const parsed = await readJson(request, accepted);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw badRequest('the body must be one JSON object');
  }
  return parsed as Record<string, unknown>;
}
