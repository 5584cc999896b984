// GET that takes any version (resourceVersion=0, or one that is reached), from a complete scope that holds the object.
// Absence is not told from here while the cloud can be asked.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { cacheHeaders } from '../answer.ts';
import { answerObject } from '../answer-object.ts';
import type { Exchange, Handler } from '../exchange.ts';
import type { ObjectRead } from '../read-request.ts';
import type { Services } from '../services.ts';

export function serveStoredObject({ cache, identities, clock }: Services): Handler {
  return (exchange, next) => {
    const { info, read } = exchange;
    const isAsked =
      info.search.includes('resourceVersion=') &&
      read?.verb === 'get' &&
      (exchange.view !== undefined || read.form === 'json');
    return isAsked ? serve(exchange, read, next) : next();
  };

  async function serve(exchange: Exchange, read: ObjectRead, next: () => Promise<void>): Promise<void> {
    const wants = exchange.info.query.get('resourceVersion') ?? '';
    const scope = read.scope();
    const followed = cache.scopes.answering(scope);
    const object = followed?.snapshot.get(`${read.namespace}/${read.name}`);
    if (followed === undefined || object === undefined || !/^[0-9]+$/.test(wants)) return next();
    if (!cache.heard.isReachedBy(followed, read.namespace)) return next();
    const isReached =
      wants === '0' ||
      (compareResourceVersion(wants, followed.resourceVersion) <= 0 && !cache.origins.isBeside(followed, wants));
    const identity = isReached ? await identities.proven(exchange) : undefined;
    const { credential } = exchange.caller;
    if (identity === undefined || !cache.mayRead({ identity, credential }, scope, followed.resourceVersion))
      return next();
    followed.wasRead(clock.now());
    exchange.source = 'cache';
    answerObject(exchange, read, object.body, cacheHeaders(followed.ageSeconds(clock.now())));
  }
}
