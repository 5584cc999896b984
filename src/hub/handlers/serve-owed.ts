// The cloud is back, but has not heard of everything that was written here: who asks about such an object is answered from
// here, and a further write to it goes behind the others.

import type { Exchange, Handler } from '../exchange.ts';
import { answerOffline } from '../offline/answer-offline.ts';
import { objectPath } from '../read-request.ts';
import type { Services } from '../services.ts';
import { isWrite } from '../write-request-of.ts';

export function serveOwed(services: Services): Handler {
  return (exchange, next) => (isOwed(services, exchange) ? answerOffline(services, exchange) : next());
}

function isOwed({ cache }: Services, { info, read }: Exchange): boolean {
  const { gvr, namespace, name } = info;
  if (gvr === undefined || cache.writes.outbox.size.entries === 0) return false;
  const isObject = name !== '' && cache.writes.owesObject(objectPath(gvr, namespace, name));
  if (isWrite(info)) return isObject && info.verb !== 'deletecollection';
  if (read === undefined) return false;
  return read.verb === 'get' ? isObject : cache.writes.owes(gvr);
}
