// Counts and times each request: by verb, by who answered, by class of code. Long streams are counted when they end and
// not timed.
import type { RequestInfo } from '../../apimachinery/request-info.ts';
import type { Handler } from '../exchange.ts';
import type { Services } from '../services.ts';

type ObservedVerb = Parameters<Services['metrics']['increment']>[1] extends { verb: infer V } ? V : never;

export function observe({ metrics, clock }: Pick<Services, 'metrics' | 'clock'>): Handler {
  return async (exchange, next) => {
    const startedAt = clock.now();
    try {
      await next();
    } finally {
      const { response, source } = exchange;
      // Malformed requests never got an info.
      const info = exchange.info as RequestInfo | undefined;
      const verb = observedVerb(info) as ObservedVerb;
      const code = response.headersSent ? (`${Math.floor(response.statusCode / 100)}xx` as '2xx') : 'none';
      metrics.increment('requests', { verb, source, code });
      if (!info?.isLongRunning) metrics.observe('requestSeconds', { verb, source }, (clock.now() - startedAt) / 1000);
    }
  };
}

function observedVerb(info: RequestInfo | undefined): string {
  if (info === undefined || !info.isResourceRequest) return 'nonresource';
  return info.isLongRunning && info.verb !== 'watch' && info.subresource !== 'log' ? 'connect' : info.verb;
}
