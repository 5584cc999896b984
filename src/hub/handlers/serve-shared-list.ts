// LIST from a scope that is followed, online. `resourceVersion=0` and versions that are reached already come from the
// store. The most recent state (no resourceVersion) comes from the store only when a full sync that began after the
// request proves it: that is so for the first read of a scope, whose sync opens it. Everything else is forwarded.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { readOptionsOrUndefined } from '../../cache/read-options.ts';
import { storeFormOf } from '../answer-object.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { isFollowable } from '../followable.ts';
import { freshen } from '../freshen.ts';
import type { CollectionRead } from '../read-request.ts';
import type { Services } from '../services.ts';
import { answerList } from './answer-list.ts';

export function serveSharedList(services: Services): Handler {
  const { cache, identities, clock } = services;
  return (exchange, next) => {
    const { read } = exchange;
    if (read?.verb !== 'list') return next();
    return read.form === 'json' || exchange.view !== undefined ? serve(exchange, read, next) : next();
  };

  async function serve(exchange: Exchange, read: CollectionRead, next: () => Promise<void>): Promise<void> {
    const options = readOptionsOrUndefined(read);
    if (options === undefined || options.continue !== '' || options.resourceVersionMatch === 'Exact') return next();
    const { scope } = read;
    const wants = options.resourceVersion;
    // The apiserver, too, answers pages only from a version of its history; from `0` it gives everything at once.
    if (options.limit > 0 && wants !== '0') return next();
    const answering = cache.scopes.answering(scope);
    if (answering !== undefined) {
      if (wants === '') return next();
      const identity = await identities.proven(exchange);
      if (identity === undefined) return next();
      if (wants !== '0' && compareResourceVersion(wants, answering.resourceVersion) > 0) return next();
      if (wants !== '0' && cache.origins.isBeside(answering, wants)) return next();
      if (!cache.heard.isReachedBy(answering, scope.namespace)) return next();
      const { credential } = exchange.caller;
      if (!cache.mayRead({ identity, credential }, scope, answering.resourceVersion)) return next();
      if (cache.rights.has(identity, answering.scope)) answering.lend(identity, credential);
      return answerList(exchange, { followed: answering, scope, options, form: storeFormOf(read), now: clock.now() });
    }
    if (cache.scopes.following(scope) !== undefined || !isFollowable(scope.gvr)) return next();
    if (!cache.canKeep(scope.gvr)) return next();
    const followed = await freshen(services, exchange, scope);
    if (followed === undefined) return next();
    if (wants !== '' && wants !== '0' && compareResourceVersion(wants, followed.resourceVersion) > 0) return next();
    answerList(exchange, { followed, scope, options, form: storeFormOf(read), now: clock.now() });
  }
}
