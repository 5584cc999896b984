// The cloud is back, but has not heard of everything that was written here: who asks about such an object is answered from
// here, and a further write to it goes behind the others. What cannot be answered from here waits until the cloud has
// heard; a write that still could not go behind the others by then is refused.
import { gvrKey } from '../../apimachinery/group-version-resource.ts';
import { isJsonObject } from '../../apimachinery/json.ts';
import { StatusError, serviceUnavailable } from '../../apimachinery/status.ts';
import { readOptionsOrUndefined } from '../../cache/read-options.ts';
import type { WriteRequest } from '../../cache/writes/write-request.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { isFollowable } from '../followable.ts';
import { freshen } from '../freshen.ts';
import { askedWrite } from '../offline/accept-write.ts';
import { answerOffline } from '../offline/answer-offline.ts';
import { objectPath } from '../read-request.ts';
import type { Services } from '../services.ts';
import { isWrite } from '../write-request-of.ts';

/** Most of what is owed is heard within a second; what the cloud puts off may take for ever. */
const patienceMs = 5000;

export function serveOwed(services: Services): Handler {
  return async (exchange, next) => {
    if (services.cache.writes.outbox.isEmpty) return next();
    const path = await pathOf(services, exchange);
    const isStillOwed = (): boolean => isOwed(services, exchange, path);
    if (!isStillOwed()) return next();
    if (services.cache.writes.isCaughtUp && exchange.read?.verb !== 'get') await renew(services, exchange);
    if (await isAnswered(services, exchange)) return;
    const isHeard = await isHeardSoon(services, exchange, isStillOwed);
    if (services.link.state === 'offline') return answerOffline(services, exchange); // the link went down meanwhile
    if (isHeard) return next();
    if (isWrite(exchange.info)) {
      const { gvr } = exchange.info;
      throw serviceUnavailable(
        `the cloud has not taken earlier writes of this node to the same object yet, and this one to ${gvrKey(gvr!)} cannot be kept behind them`,
      );
    }
    // The cloud alone would tell this reader of a time before what others here have seen.
    await renew(services, exchange);
    if (!(await isAnswered(services, exchange))) return next();
  };
}

/** Not known here, or not so far yet: the cloud may have it. */
const elsewhere: ReadonlySet<string> = new Set(['ServiceUnavailable', 'Timeout']);

/** False when it cannot be answered from here. */
async function isAnswered(services: Services, exchange: Exchange): Promise<boolean> {
  try {
    await answerOffline(services, exchange);
    return true;
  } catch (error) {
    if (!(error instanceof StatusError) || !elsewhere.has(error.status.reason)) throw error;
    return false;
  }
}

/**
 * What the cloud has put off may be owed for long. Then a collection of it is read from the cloud for this caller, with what
 * is owed shown on top, as fresh and as complete as if nothing were owed.
 */
async function renew(services: Services, exchange: Exchange): Promise<void> {
  const { cache } = services;
  const { read } = exchange;
  if (read === undefined) return;
  if (read.verb === 'get') {
    // Where this caller may not list it, the cloud's answer is all that there is for it.
    await freshen(services, exchange, read.scope()).catch(() => undefined);
    return;
  }
  const { scope } = read;
  const wantsNewest = readOptionsOrUndefined(read)?.resourceVersion === '';
  if (!wantsNewest && cache.scopes.answering(scope) !== undefined) return;
  if (isFollowable(scope.gvr) && cache.canKeep(scope.gvr)) await freshen(services, exchange, scope);
}

/** Of the object that is asked about, '' for a collection. A creation names it in its body only. */
async function pathOf(services: Services, exchange: Exchange): Promise<string> {
  const { gvr, namespace, name, verb, subresource } = exchange.info;
  if (gvr === undefined) return '';
  if (name !== '') return objectPath(gvr, namespace, name);
  if (verb !== 'create' || subresource !== '' || !services.cache.writes.owes(gvr)) return '';
  try {
    const named = namedInBody(await askedWrite(services, exchange));
    return named === '' ? '' : objectPath(gvr, namespace, named);
  } catch (error) {
    if (error instanceof StatusError) return ''; // the cloud says itself what is wrong with it
    throw error;
  }
}

function namedInBody({ body }: WriteRequest): string {
  const metadata = isJsonObject(body) ? body.metadata : undefined;
  return isJsonObject(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
}

function isOwed({ cache }: Services, { info, read }: Exchange, path: string): boolean {
  if (info.gvr === undefined) return false;
  const isObject = path !== '' && cache.writes.owesObject(path);
  // A collection is deleted with what was made here before, so that has to be there first.
  if (info.verb === 'deletecollection') return cache.writes.owes(info.gvr, info.namespace);
  if (isWrite(info)) return isObject;
  if (read === undefined) return isObject && info.verb === 'get' && info.subresource === 'status';
  return read.verb === 'get' ? isObject : cache.writes.owes(info.gvr, info.namespace);
}

async function isHeardSoon(services: Services, exchange: Exchange, isStillOwed: () => boolean): Promise<boolean> {
  const limit = new AbortController();
  const timer = services.clock.setTimeout(
    () => limit.abort(new Error('the cloud has not heard of it yet')),
    patienceMs,
  );
  try {
    await services.cache.writes.whenHeard(isStillOwed, AbortSignal.any([exchange.signal, limit.signal]));
    return true;
  } catch (error) {
    if (!limit.signal.aborted) throw error;
    return false;
  } finally {
    timer.cancel();
  }
}
