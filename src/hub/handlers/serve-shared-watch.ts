// WATCH joined to the one upstream watch of its scope, online. A client that starts from nothing (WatchList without a
// version, or the old form) asks for the most recent state: the scope is synced anew with the client's own credential
// first. One that resumes from a version goes straight to the ring; from a version that the ring does not hold it is
// forwarded as a watch of its own, for the cloud may still know; from one that only a client of ours can have, in the
// midst of what a relist found, it is told 410, for the cloud would leave out deletions that were found later.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { expired, StatusError } from '../../apimachinery/status.ts';
import type { FollowedScope } from '../../cache/followed-scope.ts';
import { type ReadOptions, readOptionsOrUndefined } from '../../cache/read-options.ts';
import type { Scope } from '../../cache/scope.ts';
import { storeFormOf } from '../answer-object.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { freshenInStep } from '../freshen.ts';
import type { CollectionRead } from '../read-request.ts';
import type { Services } from '../services.ts';
import { answerWatch } from './answer-watch.ts';

export function serveSharedWatch(services: Services): Handler {
  return (exchange, next) => {
    const { read } = exchange;
    if (read?.verb !== 'watch') return next();
    return read.form === 'json' || exchange.view !== undefined ? serve(exchange, read, next) : next();
  };

  async function serve(exchange: Exchange, read: CollectionRead, next: () => Promise<void>): Promise<void> {
    const options = readOptionsOrUndefined(read);
    if (options === undefined) return next();
    const { scope } = read;
    const followed = await scopeFor(services, exchange, scope, options);
    if (followed === undefined) return next();
    try {
      const { watchers, identities } = services;
      const mayGoOn = identities.lasting(exchange);
      await answerWatch(exchange, { followed, scope, options, form: storeFormOf(read), watchers, mayGoOn });
    } catch (error) {
      const isTooOld = error instanceof StatusError && error.status.code === 410;
      const isOurs = followed.snapshot.isOutOfReach(options.resourceVersion);
      if (!isTooOld || isOurs || exchange.response.headersSent) throw error;
      await next();
    }
  }
}

async function scopeFor(
  services: Services,
  exchange: Exchange,
  scope: Scope,
  options: ReadOptions,
): Promise<FollowedScope | undefined> {
  const { cache, identities } = services;
  const wants = options.resourceVersion;
  if (!cache.canKeep(scope.gvr)) return undefined;
  const readAnew = async (): Promise<FollowedScope | undefined> => {
    const followed = await freshenInStep(services, exchange, scope);
    // It was read after this client came, so what the client has is not of this cloud.
    if (followed !== undefined && wants !== '' && cache.origins.isAhead(followed, wants)) {
      throw expired(`resource version ${wants} is not known here, nor has the cloud come so far`);
    }
    return followed;
  };
  if (wants === '') return readAnew();
  const answering = cache.scopes.answering(scope);
  if (answering !== undefined) {
    const identity = await identities.proven(exchange);
    const isReached =
      (wants !== '0' && !options.sendInitialEvents) ||
      ((wants === '0' || compareResourceVersion(wants, answering.resourceVersion) <= 0) &&
        cache.heard.isReachedBy(answering, scope.namespace));
    const { credential } = exchange.caller;
    const mayJoin = identity !== undefined && isReached && !cache.origins.isOfAnotherPast(answering, wants);
    if (mayJoin && cache.mayRead({ identity, credential }, scope, answering.resourceVersion)) {
      if (cache.rights.has(identity, answering.scope)) answering.lend(identity, credential);
      return answering;
    }
  }
  return readAnew();
}
