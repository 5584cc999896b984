// The way to the cloud. What comes back is passed on as it is, and remembered where it can be answered again: rights of
// the caller, single objects, documents. A collection that somebody listed is followed from then on.

import { constants, gunzipSync } from 'node:zlib';
import { versionInBody } from '../../apimachinery/version-in-body.ts';
import { isApiserverAnswer } from '../../cache/apiserver-answer.ts';
import { documentKey, isDocumentPath } from '../../cache/document.ts';
import { isPassing } from '../../cache/recent-events.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { noteAnswer, noteCollectionAnswer } from '../note-answer.ts';
import type { CollectionRead, ObjectRead } from '../read-request.ts';
import type { Forwarding, Services } from '../services.ts';
import { isTokenRequest, ofTokenRequest } from '../token-request.ts';
import { isWrite } from '../write-request-of.ts';
import { forwardWrite } from './forward-write.ts';
import { objectLimitBytes, trimmed } from './object-answer.ts';

export function forwardUpstream(services: Services): Handler {
  return async (exchange) => {
    exchange.source = 'upstream';
    const { info } = exchange;
    if (isTokenRequest(info)) return services.forward(exchange, await ofTokenRequest(services, exchange));
    if (isWrite(info)) return forwardWrite(services, exchange);
    return services.forward(exchange, forwardingOf(services, exchange));
  };
}

/** What is to be learned from the answer, and how it is asked for so that it can be. */
export function forwardingOf(services: Services, exchange: Exchange): Forwarding {
  const { info, read } = exchange;
  const headLimitMs = info.isLongRunning && info.verb !== 'watch' ? { headLimitMs: Number.POSITIVE_INFINITY } : {};
  if (read?.verb === 'get') return ofObject(services, exchange, read);
  if (read !== undefined) return { ...headLimitMs, ...ofCollection(services, exchange, read) };
  if (!info.isResourceRequest && isDocument(exchange)) return ofDocument(services, exchange);
  const onHeaders: Forwarding['onHeaders'] = (statusCode, headers) =>
    noteAnswer(services, exchange, { statusCode, headers });
  return { ...headLimitMs, onHeaders };
}

function ofCollection(services: Services, exchange: Exchange, read: CollectionRead): Forwarding {
  return {
    onHeaders: (statusCode, headers) => noteCollectionAnswer(services, exchange, read, { statusCode, headers }),
    ...seeingVersion(services, exchange),
  };
}

/** What is given out here while the cloud is away is above all that clients were shown while it was there. */
function seeingVersion({ cache }: Services, { info }: Exchange): Pick<Forwarding, 'peek'> {
  if (isPassing(info.gvr!)) return {}; // may be counted apart
  return {
    peek: ({ head, tail }, statusCode, headers) => {
      if (statusCode !== 200) return undefined;
      const isPlain = headers['content-encoding'] === undefined;
      const start = isPlain ? head : startOf(head, headers['content-encoding']!);
      const end = isPlain ? tail : Buffer.alloc(0);
      const version = versionInBody(headers['content-type'] ?? '', start, end, info.verb === 'list');
      return version === '' ? undefined : cache.writes.versions.pass(version);
    },
  };
}

/** Of a compressed body, as far as its first bytes go; nothing when they cannot be read. */
function startOf(head: Buffer, encoding: string): Buffer {
  if (encoding !== 'gzip') return Buffer.alloc(0);
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0); // its reader will say so
  }
}

function ofObject(services: Services, exchange: Exchange, read: ObjectRead): Forwarding {
  const { cache, identities } = services;
  const onHeaders: Forwarding['onHeaders'] = (statusCode, headers) => {
    noteAnswer(services, exchange, { statusCode, headers });
    if (!isApiserverAnswer(headers)) return;
    if (statusCode === 404) cache.objects.forget(read.path);
    if (statusCode === 403) cache.objects.refuse(read.path, identities.claimed(exchange));
  };
  const isPlain = read.form === 'json' && exchange.request.method === 'GET';
  if (!isPlain || isFollowed(services, exchange, read)) {
    return { onHeaders, ...seeingVersion(services, exchange) };
  }
  return {
    onHeaders,
    // What is remembered is JSON; so small an answer is never compressed by the apiserver.
    headers: { accept: 'application/json', 'accept-encoding': undefined },
    teeLimitBytes: objectLimitBytes,
    tee: (body, statusCode, headers) => {
      const isJson = headers['content-type']?.startsWith('application/json') && !headers['content-encoding'];
      if (statusCode === 200 && isJson) cache.objects.see(read.path, identities.claimed(exchange), trimmed(body));
    },
  };
}

/** A scope that is kept current knows the object better than a copy of one answer. */
function isFollowed({ cache, identities }: Services, exchange: Exchange, read: ObjectRead): boolean {
  if (!cache.scopes.knows(read.gvr)) return false;
  const scope = read.scope();
  return cache.scopes.answering(scope)?.isFollowing === true && cache.rights.has(identities.claimed(exchange), scope);
}

const documentLimitBytes = 24 * 1024 * 1024;

function isDocument({ info, request, caller }: Exchange): boolean {
  return request.method === 'GET' && !caller.isImpersonating && isDocumentPath(info.path);
}

function ofDocument(services: Services, exchange: Exchange): Forwarding {
  const { info, request } = exchange;
  const key = documentKey(info.path + info.search, request.headers.accept);
  return {
    onHeaders: (statusCode, headers) => {
      if (statusCode === 304) services.cache.documents.confirm(key, headers.etag ?? '', services.wallClock());
      noteAnswer(services, exchange, { statusCode, headers });
    },
    teeLimitBytes: documentLimitBytes,
    tee: (body, statusCode, headers) => {
      if (statusCode !== 200) return;
      services.cache.documents.see(key, {
        contentType: headers['content-type'] ?? 'application/json',
        contentEncoding: headers['content-encoding'] ?? '',
        etag: headers.etag ?? '',
        body: Buffer.from(body),
        seenAt: services.wallClock(),
      });
    },
  };
}
