// The renewal of held tokens, started with the daemon: what it needs of the hub, and a log line for each refusal.
import type { Cache } from '../cache/cache.ts';
import type { LinkGate } from '../cache/link-gate.ts';
import type { Cloud } from '../cache/outbox/cloud.ts';
import type { Timing } from '../cache/timing.ts';
import { TokenRenewal } from '../cache/tokens/token-renewal.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { podRuns } from './own-node.ts';
import { holdfastVersion } from './version.ts';

export interface RenewTokensParts {
  readonly cache: Cache;
  readonly cloud: Cloud;
  readonly link: LinkGate;
  readonly timing: Timing;
  readonly nodeName: string;
  readonly metrics: Pick<Metrics, 'increment'>;
  readonly log: Logger;
}

/** Until the answer is called; that resolves when nothing is on its way any more. */
export function renewTokens({
  cache,
  cloud,
  link,
  timing,
  nodeName,
  metrics,
  log,
}: RenewTokensParts): () => Promise<void> {
  const ending = new AbortController();
  const renewal = new TokenRenewal({
    tokens: cache.tokens,
    cloud,
    link,
    time: cache.time,
    timing,
    userAgent: `holdfast/${holdfastVersion}`,
    isRunning: podRuns(cache, nodeName),
    onRenewal: (verdict, { namespace, serviceAccount, pod }) => {
      metrics.increment('tokens', { event: verdict === 'renewed' ? 'renewed' : 'not-renewed' });
      if (verdict === 'renewed') return;
      log.info(
        { event: 'token.not-renewed', because: verdict, namespace, serviceAccount, pod: pod.name },
        'a token was not issued anew; what is held lasts as long as it lasts',
      );
    },
  });
  const running = renewal
    .run(ending.signal)
    .catch((error: unknown) => log.error({ event: 'token.crashed', error }, 'tokens are not renewed any more'));
  return () => {
    ending.abort();
    return running;
  };
}
