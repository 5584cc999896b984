// Which of three classes of service a pod is in. Source: pkg/apis/core/helper/qos.
import type { JsonObject } from '../../../apimachinery/json.ts';
import { childOf, objectsOf, textsOf } from '../object-view.ts';
import { quantityNanos } from './quantity-value.ts';

const counted = ['cpu', 'memory'];

export function qosClass(pod: JsonObject): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const spec = childOf(pod, 'spec');
  const whole = childOf(spec, 'resources');
  const isForWholePod = Object.keys(whole).length > 0;
  const all = isForWholePod
    ? [whole]
    : [...objectsOf(spec, 'containers'), ...objectsOf(spec, 'initContainers')].map((one) => childOf(one, 'resources'));
  const requests = new Map<string, bigint>();
  const limits = new Map<string, bigint>();
  let isLimited = true;
  for (const resources of all) {
    addTo(requests, resources, 'requests');
    if (addTo(limits, resources, 'limits') < counted.length) isLimited = false;
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const isEqual = requests.size === limits.size && [...requests].every(([name, much]) => limits.get(name) === much);
  return isLimited && isEqual ? 'Guaranteed' : 'Burstable';
}

/** How many of the counted resources are there, and more than nothing. */
function addTo(sums: Map<string, bigint>, resources: JsonObject, list: string): number {
  let found = 0;
  for (const [name, quantity] of textsOf(resources, list)) {
    const nanos = quantityNanos(quantity);
    if (!counted.includes(name) || nanos <= 0n) continue;
    sums.set(name, (sums.get(name) ?? 0n) + nanos);
    found += 1;
  }
  return found;
}
