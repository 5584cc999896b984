// Requests of the hub itself, the way src/cache reads the cloud and brings it what is owed. Retries like `forward`.

import type { Cloud } from '../../cache/outbox/cloud.ts';
import type { Transport, UpstreamResponse } from '../../cache/transport.ts';
import { UpstreamUnreachableError } from './errors.ts';
import { nextAttempt } from './next-attempt.ts';
import { headLimitMs, OwnAttempt, type OwnRequest } from './own-attempt.ts';
import type { Server } from './servers.ts';
import type { Upstream } from './upstream.ts';

/**
 * `get` rejects with UpstreamUnreachableError when no response head came (or only a gateway's), with the signal's reason
 * when it aborts. The body throws UpstreamBodyCutError when it was cut or idle for too long. The signal ends the body too.
 */
export function createTransport(upstream: Upstream): Transport {
  return { get: (request) => askWithRetries(upstream, { ...request, method: 'GET' }) };
}

/** A request with a body that is sent again only where it cannot have been heard. */
export function createCloud(upstream: Upstream): Cloud {
  return {
    async send({ credential, method, path, userAgent, body, contentType = 'application/json', signal }) {
      const headers: Record<string, string> = { accept: 'application/json' };
      if (userAgent !== '') headers['user-agent'] = userAgent;
      if (body !== undefined) headers['content-type'] = contentType;
      const answer = await askWithRetries(upstream, {
        credential,
        method,
        path,
        headers,
        signal,
        idleTimeoutMs: headLimitMs,
        ...(body !== undefined && { body }),
      });
      const chunks: Buffer[] = [];
      for await (const chunk of answer.body) chunks.push(chunk);
      return { statusCode: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) };
    },
  };
}

async function askWithRetries(upstream: Upstream, request: OwnRequest): Promise<UpstreamResponse> {
  const tried = new Set<Server>();
  let wasRepeated = false;
  let server = upstream.servers.first();
  for (;;) {
    request.signal.throwIfAborted();
    try {
      return await new OwnAttempt(upstream, request, server).response();
    } catch (error) {
      if (!(error instanceof UpstreamUnreachableError)) throw error;
      tried.add(server);
      const failed = { method: request.method, phase: error.phase, error: error.cause, server, tried, wasRepeated };
      const next = nextAttempt(failed, upstream.servers);
      if (next === undefined) throw error;
      wasRepeated ||= next === server;
      server = next;
    }
  }
}
