// On which pools a Service opens its node port: `nodeport.openyurt.io/listen` names pools, or `*` for all, less those with a
// `-` before them. A node without a pool, or one whose pool is not known, is shown every Service.
import { annotationOf, objectAt, textAt } from '../../apimachinery/object-fields.ts';
import { mentions, type ResponseFilter } from './response-filter.ts';

const annotation = 'nodeport.openyurt.io/listen';

export const nodePortIsolation: ResponseFilter = {
  name: 'nodeport-isolation',
  resources: ['services'],
  components: ['kube-proxy'],
  reads: ['pool'],
  concerns: (object, { pool }) => isKnown(pool.own) && mentions(object, annotation),
  show(service, { pool }) {
    const type = textAt(objectAt(service, 'spec'), 'type');
    const listening = annotationOf(service, annotation);
    if (!isKnown(pool.own) || listening === undefined || (type !== 'NodePort' && type !== 'LoadBalancer'))
      return service;
    return listensIn(pool.own, listening) ? service : undefined;
  },
};

function isKnown(pool: string | undefined): pool is string {
  return pool !== undefined && pool !== '';
}

function listensIn(pool: string, text: string): boolean {
  const pools = text.split(',').map((one) => one.trim());
  return pools.includes(pool) || (pools.includes('*') && !pools.includes(`-${pool}`));
}
