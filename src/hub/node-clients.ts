// Programs of this node and its pods, led to the hub: what filters show them, the facts that filters need, and that the
// hub's certificate is valid for the names under which they look for the apiserver.
import type { Clock, Timer } from '../apimachinery/clock.ts';
import type { Cache } from '../cache/cache.ts';
import { NodeFacts } from './filters/node-facts.ts';
import { ResponseFilters } from './filters/response-filters.ts';
import { addressForPods, leadsPods } from './hub-config.ts';
import { followKubernetesService, kubernetesAddresses } from './kubernetes-service.ts';
import type { HubConfig } from './options.ts';

/** So long, after a start, programs wait for what filters have to know; then they are shown things unfiltered. */
const patienceMs = 3000;

export interface NodeClients {
  readonly filters: ResponseFilters;
  /** What a filter needs and the cloud does not let the node do; undefined when there is nothing. */
  readonly problem: string | undefined;
  /** Begins to find out what has to be known, and sees to it again: call it now and then. */
  follow(): void;
}

export interface NodeClientsDependencies {
  readonly cache: Cache;
  readonly clock: Clock;
  /** PEM of the authority of the hub's serving certificate. */
  readonly authority: string;
  /** The apiserver's addresses in the cluster are others than when the serving certificate was made. */
  readonly onAddresses: () => void;
}

export function createNodeClients(
  config: Pick<HubConfig, 'nodeName' | 'filters' | 'nodeAddress' | 'listen'>,
  { cache, clock, authority, onAddresses }: NodeClientsDependencies,
): NodeClients {
  const { nodeName } = config;
  const hub = addressForPods(config);
  const filters = new ResponseFilters({ chosen: config.filters, hub, authority, nodeName });
  const facts = new NodeFacts(cache, nodeName, filters);
  let settling: Timer | undefined;
  let addresses = String(kubernetesAddresses(cache));
  const look = (): void => {
    const now = String(kubernetesAddresses(cache));
    if (now === addresses) return;
    addresses = now;
    onAddresses();
  };
  return {
    filters,
    get problem() {
      return facts.problem;
    },
    follow() {
      facts.follow();
      if (settling === undefined) settling = clock.setTimeout(() => filters.settle(), patienceMs);
      if (facts.isComplete) filters.settle();
      if (leadsPods(config)) followKubernetesService(cache, look);
    },
  };
}
