// One complete reading of a scope: all pages of a LIST at one version, or a WatchList up to its end bookmark. It either
// returns everything or throws; a half-read scope never leaves this file.

import { splitList } from '../apimachinery/list-splitter.ts';
import type { KubernetesObject } from '../apimachinery/object.ts';
import type { WatchFrame } from '../apimachinery/watch-frame.ts';
import type { Credential } from './credential.ts';
import { UpstreamProtocolError, UpstreamStatusError } from './errors.ts';
import { type Scope, scopeRequestPath } from './scope.ts';
import type { FullSync } from './scope-feed.ts';
import type { Transport } from './transport.ts';
import { upstreamItem, upstreamObject, upstreamVersion } from './upstream-object.ts';
import { readBookmark, readErrorFrame } from './watch/bookmark.ts';
import { openWatch } from './watch/watch-stream.ts';

export interface SyncRequest {
  readonly transport: Transport;
  readonly scope: Scope;
  readonly credential: Credential;
  readonly signal: AbortSignal;
}

const pageSize = 500;
/** A LIST whose body stands still for so long will not come: its readers wait for it, and later syncs behind it. */
const idleTimeoutMs = 60_000;

/** Pages with gzip on the link; a page token that expires midway starts over, once, without pages. */
export async function syncByList(request: SyncRequest): Promise<FullSync> {
  try {
    return await listAllPages(request, pageSize);
  } catch (error) {
    if (!(error instanceof UpstreamStatusError) || error.statusCode !== 410) throw error;
    return await listAllPages(request, undefined);
  }
}

async function listAllPages(request: SyncRequest, limit: number | undefined): Promise<FullSync> {
  const objects = new Map<string, KubernetesObject>();
  let resourceVersion: string | undefined;
  let next = '';
  for (;;) {
    const parameters = {
      ...(limit !== undefined && { limit: String(limit) }),
      ...(next !== '' && { continue: next }),
    };
    const list = splitList(await getBody(request, scopeRequestPath(request.scope, parameters)));
    resourceVersion ??= upstreamVersion(list.resourceVersion, `a ${list.kind}`);
    if (list.resourceVersion !== resourceVersion) {
      throw new UpstreamProtocolError(
        `pages of one list have different versions: ${resourceVersion} and ${list.resourceVersion}`,
      );
    }
    for (const bytes of list.items) {
      const object = upstreamItem(request.scope.gvr, bytes, list);
      objects.set(object.key, object);
    }
    if (list.continue === '')
      return { listType: { kind: list.kind, apiVersion: list.apiVersion }, resourceVersion, objects };
    if (list.continue === next) throw new UpstreamProtocolError('a list page points to itself');
    next = list.continue;
  }
}

async function getBody(request: SyncRequest, path: string): Promise<Buffer> {
  const { transport, credential, signal } = request;
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip' };
  const response = await transport.get({ credential, path, headers, signal, idleTimeoutMs });
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (response.statusCode !== 200) throw new UpstreamStatusError({ ...response, body });
  return body;
}

/** KEP-3157. Costs one round trip, but its bytes are never compressed. A server without it answers 422. */
export async function syncByWatchList(request: SyncRequest): Promise<FullSync> {
  const objects = new Map<string, KubernetesObject>();
  const stream = await openWatch({
    ...request,
    parameters: {
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '300',
      watch: 'true',
    },
  });
  for await (const frames of stream) {
    for (const frame of frames) {
      const end = takeInitialFrame(request.scope, frame, objects);
      if (end !== undefined) return { ...end, objects };
    }
  }
  throw new UpstreamProtocolError('the initial events ended without their bookmark');
}

function takeInitialFrame(
  scope: Scope,
  frame: WatchFrame,
  objects: Map<string, KubernetesObject>,
): Pick<FullSync, 'listType' | 'resourceVersion'> | undefined {
  if (frame.type === 'ERROR') throw readErrorFrame(frame.object);
  if (frame.type === 'BOOKMARK') {
    const bookmark = readBookmark(frame.object);
    if (!bookmark.initialEventsEnd) return undefined;
    if (bookmark.kind === '' || bookmark.apiVersion === '') {
      throw new UpstreamProtocolError('the end bookmark does not say what was watched');
    }
    return {
      listType: { kind: `${bookmark.kind}List`, apiVersion: bookmark.apiVersion },
      resourceVersion: bookmark.resourceVersion,
    };
  }
  const object = upstreamObject(scope.gvr, frame.object);
  if (frame.type === 'DELETED') objects.delete(object.key);
  else objects.set(object.key, object);
  return undefined;
}
