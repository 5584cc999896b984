// The link is down, or is found to be down while a request waits: the store answers what it can vouch for, everything
// else is a 503 Status without Retry-After. A request that failed although the link is up is tried once more; one that
// may have changed something in the cloud is not: it is kept and looked after, or says so.
import { serviceUnavailable } from '../../apimachinery/status.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { answerOffline } from '../offline/answer-offline.ts';
import { answerUnknownOutcome } from '../offline/answer-unknown-outcome.ts';
import type { Services } from '../services.ts';
import { isTokenRequest } from '../token-request.ts';
import { UpstreamUnreachableError } from '../upstream/errors.ts';
import { isWrite } from '../write-request-of.ts';

export function serveOffline(services: Services): Handler {
  const { link } = services;
  const isOffline = (): boolean => link.state === 'offline';
  return async (exchange, next) => {
    if (isOffline()) return answerOffline(services, exchange);
    // Still to be had should the cloud turn out to be away.
    if (mightBeAnswered(services, exchange)) await exchange.body();
    const { gvr, namespace, name } = exchange.info;
    const mayChange = isWrite(exchange.info) && gvr !== undefined;
    const sentOnto = mayChange ? services.cache.writes.knownState({ gvr, namespace, name }) : '';
    try {
      await next();
    } catch (error) {
      if (!(error instanceof UpstreamUnreachableError) || exchange.response.headersSent || exchange.signal.aborted)
        throw error;
      if (error.phase === 'sent' && mayHaveChanged(exchange)) {
        return answerUnknownOutcome(services, exchange, error, sentOnto);
      }
      await link.settled(exchange.signal);
      if (isOffline()) return answerOffline(services, exchange);
      throw serviceUnavailable(`the cloud is reachable, but this request was not answered: ${error.message}`, {
        cause: error,
      });
    }
  };
}

function mightBeAnswered({ cache }: Services, { info }: Exchange): boolean {
  return isWrite(info) && (isTokenRequest(info) || cache.writes.mightKeep(info.gvr!));
}

/** One token more that nobody has heard of changes nothing. */
function mayHaveChanged({ request, info }: Exchange): boolean {
  if (isTokenRequest(info)) return false;
  return request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS';
}
