// Services of the cloud's load balancer that have no business on an edge node: `svc.openyurt.io/discard: "true"`, and the
// tunnel server's own Service, which OpenYurt marks by its name.
import { annotationOf, objectAt, textAt } from '../../apimachinery/object-fields.ts';
import { mentions, type ResponseFilter } from './response-filter.ts';

const annotation = 'svc.openyurt.io/discard';
const tunnelServer = { namespace: 'kube-system', name: 'x-tunnel-server-internal-svc' };

export const discardCloudService: ResponseFilter = {
  name: 'discard-cloud-service',
  resources: ['services'],
  components: ['kube-proxy'],
  reads: [],
  concerns: (object) => isTunnelServer(object) || mentions(object, annotation),
  show(service) {
    const metadata = objectAt(service, 'metadata');
    if (isTunnelServer({ namespace: textAt(metadata, 'namespace'), name: textAt(metadata, 'name') })) return undefined;
    const isOfLoadBalancer = textAt(objectAt(service, 'spec'), 'type') === 'LoadBalancer';
    return isOfLoadBalancer && annotationOf(service, annotation) === 'true' ? undefined : service;
  },
};

function isTunnelServer({ namespace, name }: { readonly namespace: string; readonly name: string }): boolean {
  return namespace === tunnelServer.namespace && name === tunnelServer.name;
}
