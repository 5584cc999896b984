// Any throw becomes a metav1.Status; an answer of the cloud that ended a wait is relayed as it is; a failure after the
// head was sent cuts the connection, so that no client takes a part for the whole.
import { UpstreamStatusError } from '../../cache/errors.ts';
import { answerBody, answerStatus } from '../answer.ts';
import { toStatus } from '../errors.ts';
import type { Handler } from '../exchange.ts';
import type { Services } from '../services.ts';

export function answerErrorsAsStatus({ log }: Pick<Services, 'log'>): Handler {
  return async (exchange, next) => {
    try {
      await next();
    } catch (error) {
      const { response, signal, request } = exchange;
      if (signal.aborted) {
        response.destroy();
        return;
      }
      if (response.headersSent) {
        log.debug({ event: 'answer.cut', url: request.url, error }, 'an answer was cut in the middle');
        response.destroy();
        return;
      }
      if (error instanceof UpstreamStatusError) {
        exchange.source = 'upstream';
        return answerBody(exchange, error.statusCode, relayedHeaders(error.headers), error.body);
      }
      const status = toStatus(error);
      if (status.code >= 500 && status.reason === 'InternalError') {
        log.error(
          { event: 'request.failed', method: request.method, url: request.url, error },
          'a request could not be answered',
        );
      }
      exchange.source = 'hub';
      answerStatus(exchange, status);
    }
  };
}

const relayed = [
  'content-type',
  'retry-after',
  'warning',
  'audit-id',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
];

function relayedHeaders(headers: UpstreamStatusError['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of relayed) {
    const value = headers[name];
    if (value !== undefined) kept[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}
