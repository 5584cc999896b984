// Who asks, and with which credential the request would go to the cloud.
import type { Handler } from '../exchange.ts';
import type { Services } from '../services.ts';

const credentialNames = { 'client-certificate': 'certificate', 'bearer-token': 'token', loopback: 'none' } as const;

export function identifyCaller({ identify, metrics }: Pick<Services, 'identify' | 'metrics'>): Handler {
  return (exchange, next) => {
    try {
      exchange.caller = identify(exchange.request, exchange.listener);
    } catch (error) {
      const credential = exchange.request.headers.authorization === undefined ? 'none' : 'token';
      metrics.increment('authentications', { credential, result: 'refused' });
      throw error;
    }
    metrics.increment('authentications', { credential: credentialNames[exchange.caller.kind], result: 'accepted' });
    return next();
  };
}
