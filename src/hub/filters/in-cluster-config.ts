// kubeadm's kube-proxy is told the cloud's own address in its ConfigMap. As kubelet is shown it, it is told none: then it
// goes where KUBERNETES_SERVICE_HOST leads, like any pod, which is to the hub.
import { objectAt, textAt } from '../../apimachinery/object-fields.ts';
import type { ResponseFilter } from './response-filter.ts';

export const inClusterConfig: ResponseFilter = {
  name: 'in-cluster-config',
  resources: ['configmaps'],
  components: ['kubelet'],
  reads: [],
  concerns: ({ namespace, name }) => namespace === 'kube-system' && name === 'kube-proxy',
  show(configMap) {
    const data = objectAt(configMap, 'data');
    const config = textAt(data, 'config.conf');
    const inCluster = config.replace(/^([ \t]+kubeconfig:)[ \t]+\S.*$/m, '$1 ""');
    return inCluster === config ? configMap : { ...configMap, data: { ...data, 'config.conf': inCluster } };
  },
};
