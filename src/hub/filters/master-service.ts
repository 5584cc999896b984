// The Service default/kubernetes as kubelet is shown it: at the hub's address. kubelet makes KUBERNETES_SERVICE_HOST and
// _PORT of the containers it starts from then on out of it.
import { isIPv6 } from 'node:net';
import { objectAt, objectsAt, textAt } from '../../apimachinery/object-fields.ts';
import type { ResponseFilter } from './response-filter.ts';

export const masterService: ResponseFilter = {
  name: 'master-service',
  resources: ['services'],
  components: ['kubelet'],
  reads: [],
  concerns: ({ namespace, name }, { hub }) => hub !== undefined && namespace === 'default' && name === 'kubernetes',
  show(service, { hub }) {
    if (hub === undefined) return service;
    const spec = objectAt(service, 'spec');
    const ports = objectsAt(spec, 'ports').map((port) =>
      textAt(port, 'name') === 'https' ? { ...port, port: hub.port } : port,
    );
    return {
      ...service,
      spec: {
        ...spec,
        clusterIP: hub.host,
        clusterIPs: [hub.host],
        ipFamilies: [isIPv6(hub.host) ? 'IPv6' : 'IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports,
      },
    };
  },
};
