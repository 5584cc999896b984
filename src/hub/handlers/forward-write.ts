// A write on its way to the cloud, whose answer is read here: what the cloud made of the object is known at once, before the
// stream of any scope tells it. Where that cannot be seen, what was remembered of the object is old, and forgotten.
import { acceptsPlainJson } from '../../apimachinery/negotiation.ts';
import type { Exchange } from '../exchange.ts';
import { noteAnswer } from '../note-answer.ts';
import { objectPath } from '../read-request.ts';
import type { Forwarding, Services } from '../services.ts';
import { objectLimitBytes, trimmed } from './object-answer.ts';

export async function forwardWrite(services: Services, exchange: Exchange): Promise<void> {
  const { cache, identities } = services;
  const { info } = exchange;
  const isRead = isWholeObject(info) && isToldInJson(exchange);
  const versionBefore = isRead && info.verb === 'delete' ? cache.heard.versionBefore(info) : '';
  let isOutdated = false;
  const forget = (): void => {
    if (isOutdated) cache.heard.forget(objectPath(info.gvr!, info.namespace, info.name));
    isOutdated = false;
  };
  const reading: Forwarding = {
    headers: { accept: 'application/json', 'accept-encoding': undefined },
    teeLimitBytes: objectLimitBytes,
    // What a client was told is known here from then on, also should the hub die in the next moment.
    isHeldForTee: true,
    tee: async (body, statusCode, headers) => {
      const isJson = headers['content-type']?.startsWith('application/json') && !headers['content-encoding'];
      if (statusCode >= 300 || !isJson) return forget();
      await cache.heard.see(info, identities.claimed(exchange), trimmed(body), versionBefore);
      isOutdated = false;
    },
  };
  try {
    await services.forward(exchange, {
      onHeaders: (statusCode, headers) => {
        isOutdated = noteAnswer(services, exchange, { statusCode, headers });
        if (!isRead) forget();
      },
      ...(isRead && reading),
    });
  } finally {
    forget(); // the body was cut short, too long to be looked at, or could not be taken in
  }
}

/** Not the answer to a binding, an eviction, a scale: these are no object of the resource. */
function isWholeObject({ verb, subresource }: Exchange['info']): boolean {
  return verb !== 'deletecollection' && (subresource === '' || subresource === 'status');
}

function isToldInJson({ request, caller }: Exchange): boolean {
  return acceptsPlainJson(request.headers.accept) && !caller.isImpersonating;
}
