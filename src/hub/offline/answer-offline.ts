// Answers while the cloud is away: lists and watches from complete scopes, objects from them or as last seen, documents
// as last seen. Each answer is looked up under the caller's own rights. What is not known is said to be not known.

import { gunzipSync } from 'node:zlib';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import {
  expired,
  notFound,
  pathNotFound,
  serviceUnavailable,
  tooLargeResourceVersion,
} from '../../apimachinery/status.ts';
import { type Document, documentKey, isDocumentPath } from '../../cache/document.ts';
import type { FollowedScope } from '../../cache/followed-scope.ts';
import { nodeIdentity } from '../../cache/lenders.ts';
import { readOptions } from '../../cache/read-options.ts';
import type { Scope } from '../../cache/scope.ts';
import { isOutdated, tellingScopes } from '../../cache/telling-scopes.ts';
import { answerBody, cacheHeaders } from '../answer.ts';
import { answerObject, storeFormOf } from '../answer-object.ts';
import type { Exchange } from '../exchange.ts';
import { answerList } from '../handlers/answer-list.ts';
import { answerWatch } from '../handlers/answer-watch.ts';
import { type CollectionRead, type ObjectRead, type Read, statusReadOf } from '../read-request.ts';
import type { Services } from '../services.ts';
import { answerHeldToken, isTokenRequest } from '../token-request.ts';
import { isWrite } from '../write-request-of.ts';
import { acceptWrite } from './accept-write.ts';
import { newestSight, type Sight } from './newest-object.ts';

/** @throws StatusError, 503 for whatever cannot be vouched for */
export async function answerOffline(services: Services, exchange: Exchange): Promise<void> {
  const identity = services.identities.offline(exchange);
  if (isTokenRequest(exchange.info)) return answerHeldToken(services, exchange);
  await services.cache.answered.show(exchange.info.gvr);
  if (isWrite(exchange.info)) return acceptWrite(services, exchange);
  const read = exchange.read ?? ofStatus(services, exchange);
  if (read !== undefined && !isServed(services, read)) throw pathNotFound();
  const objection = read !== undefined && identity === nodeIdentity ? services.nodeGraph.objection(read) : undefined;
  if (objection !== undefined) throw unavailable(services, objection);
  if (read?.verb === 'get') return answerKnownObject(services, exchange, identity, read);
  if (read !== undefined) return answerCollection(services, exchange, identity, read);
  const { method } = exchange.request;
  if (
    (method === 'GET' || method === 'HEAD') &&
    isDocumentPath(exchange.info.path) &&
    !exchange.info.isResourceRequest
  ) {
    return answerDocument(services, exchange);
  }
  throw unavailable(
    services,
    method === 'GET' || method === 'HEAD'
      ? 'only the cloud can answer this'
      : 'it takes no changes here until it is back',
  );
}

function ofStatus({ cache }: Services, exchange: Exchange): ObjectRead | undefined {
  const read = statusReadOf(exchange);
  const hasStatus = read && cache.documents.discovery.of(read.gvr)?.hasStatus;
  if (hasStatus === false) throw pathNotFound();
  return hasStatus ? read : undefined;
}

/** False where it is known that this resource has no namespaces and one is named, or has them and an object is named without. */
function isServed({ cache }: Services, read: Read): boolean {
  const { gvr, namespace } = read.verb === 'get' ? read : read.scope;
  const isNamespaced = cache.scopes.isNamespaced(gvr);
  if (isNamespaced === undefined) return true;
  return namespace === '' ? read.verb !== 'get' || !isNamespaced : isNamespaced;
}

async function answerCollection(
  services: Services,
  exchange: Exchange,
  identity: string,
  read: CollectionRead,
): Promise<void> {
  const form = storeFormOf(read);
  const options = read.options();
  const followed = answering(services, identity, read.scope);
  // After a restart nobody's token is known here: this one follows the scope as soon as the link is back.
  if (services.cache.rights.has(identity, followed.scope)) followed.lend(identity, exchange.caller.credential);
  const { resourceVersion, sendInitialEvents } = options;
  if (services.cache.origins.isBeside(followed, resourceVersion)) {
    const isResumed = read.verb === 'watch' && sendInitialEvents !== true;
    if (!isResumed) throw tooLargeResourceVersion(resourceVersion, followed.cloudVersion);
    throw expired(`what came after resource version ${resourceVersion} of the cloud is not known here`);
  }
  if (read.verb === 'watch') {
    const { watchers, identities } = services;
    const mayGoOn = identities.lasting(exchange);
    return answerWatch(exchange, { followed, scope: read.scope, options, form, watchers, mayGoOn });
  }
  answerList(exchange, { followed, scope: read.scope, options, form, now: services.clock.now() });
}

/** @throws StatusError 503 when no complete scope covers it, or this caller was never seen to have the right to it */
function answering({ cache, link }: Services, identity: string, scope: Scope): FollowedScope {
  const followed = cache.scopes.answering(scope);
  if (followed === undefined)
    throw unavailable({ link }, 'what this asks for was never read completely while it was reachable');
  if (!cache.rights.has(identity, scope)) throw unavailable({ link }, 'it was never seen to let this caller read that');
  return followed;
}

function answerKnownObject(services: Services, exchange: Exchange, identity: string, read: ObjectRead): void {
  storeFormOf(read); // before anything is looked up
  const { info } = exchange;
  const wants = info.search === '' ? '' : readOptions(info.query, 'get').resourceVersion;
  const inScope = sightInScopes(services, identity, read);
  const byName = sightByName(services, identity, read);
  const mayRead = inScope !== undefined || byName !== undefined;
  const sight = sightOfOwn(services, identity, read, mayRead) ?? newestSight(inScope?.sight, byName);
  if (sight === undefined)
    throw unavailable(services, 'this object was not read by this caller while it was reachable');
  const reached = sight === inScope?.sight ? inScope.reaches(wants) : sight.resourceVersion;
  if (wants !== '' && wants !== '0' && compareResourceVersion(wants, reached) > 0) {
    throw tooLargeResourceVersion(wants, reached);
  }
  if (sight.body === undefined) throw notFound(read.gvr, read.name);
  exchange.source = 'cache';
  const age = Math.floor(sight.ageMs / 1000);
  answerObject(exchange, read, sight.body, cacheHeaders(age));
}

/** With the version that the scope has reached: its objects are at least as new. The scope that has come furthest counts. */
function sightInScopes(
  { cache, clock }: Services,
  identity: string,
  read: ObjectRead,
): { readonly sight: Sight; readonly reaches: (wants: string) => string } | undefined {
  const scope = read.scope();
  const key = keyOf(read);
  const mayRead = cache.rights.has(identity, scope);
  let furthest: FollowedScope | undefined;
  for (const followed of tellingScopes(cache.scopes, scope, key)) {
    if (!mayRead && !cache.rights.has(identity, followed.scope)) continue;
    const isFurther =
      furthest === undefined || compareResourceVersion(followed.cloudVersion, furthest.cloudVersion) > 0;
    if (isFurther) furthest = followed;
  }
  if (furthest === undefined) return undefined;
  furthest.wasRead(clock.now());
  const object = furthest.snapshot.get(key);
  const ageMs = Math.max(0, clock.now() - furthest.confirmedAt);
  const sight = { body: object?.body, resourceVersion: object?.resourceVersion ?? '', ageMs };
  const { cloudVersion, resourceVersion } = furthest;
  // What was given out here says nothing of how far the cloud had come.
  const reaches = (wants: string): string => (cache.origins.isBeside(furthest, wants) ? cloudVersion : resourceVersion);
  return { sight, reaches };
}

/** What was written here stands above all that the cloud has said before. */
function sightOfOwn(
  { cache, wallClock }: Services,
  identity: string,
  read: ObjectRead,
  mayRead: boolean,
): Sight | undefined {
  const own = cache.writes.shown(read.path);
  if (own === undefined || !(mayRead || own.writers.has(identity))) return undefined;
  const ageMs = Math.max(0, wallClock() - own.writtenAt);
  return { body: own.object?.body, resourceVersion: own.resourceVersion, ageMs };
}

function sightByName({ cache, wallClock }: Services, identity: string, read: ObjectRead): Sight | undefined {
  const known = cache.objects.shownTo(read.path, identity);
  if (known === undefined) return undefined;
  const resourceVersion = cache.objects.versionOf(known) || '0';
  const { body } = known;
  if (isOutdated(cache.scopes, read.scope(), keyOf(read), { body, resourceVersion })) return undefined;
  return {
    body: known.body,
    resourceVersion,
    ageMs: Math.max(0, wallClock() - known.seenAt),
  };
}

function keyOf({ namespace, name }: ObjectRead): string {
  return `${namespace}/${name}`;
}

function answerDocument(services: Services, exchange: Exchange): void {
  const { cache, link, wallClock } = services;
  const { info, request, response } = exchange;
  const document = cache.documents.get(documentKey(info.path + info.search, request.headers.accept));
  if (document === undefined) throw unavailable({ link }, 'this was not read in this form while it was reachable');
  exchange.source = 'cache';
  const age = Math.max(0, Math.floor((wallClock() - document.seenAt) / 1000));
  const headers = {
    ...cacheHeaders(age, document.contentType),
    vary: 'Accept',
    ...(document.etag !== '' && { etag: document.etag }),
  };
  if (document.etag !== '' && request.headers['if-none-match'] === document.etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const { body, encoding } = inEncoding(document, request.headers['accept-encoding'] ?? '');
  answerBody(exchange, 200, { ...headers, ...(encoding !== '' && { 'content-encoding': encoding }) }, body);
}

/** As it was kept, or plain for a client that does not take gzip. */
function inEncoding(
  document: Document,
  accepted: string | readonly string[],
): { readonly body: Buffer; readonly encoding: string } {
  if (document.contentEncoding !== 'gzip' || String(accepted).includes('gzip')) {
    return { body: document.body, encoding: document.contentEncoding };
  }
  return { body: gunzipSync(document.body), encoding: '' };
}

function unavailable({ link }: Pick<Services, 'link'>, why: string): Error {
  return serviceUnavailable(`the cloud is not reachable ${link.describe()}, and ${why}`);
}
