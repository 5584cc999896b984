// Pods trust whom the ConfigMap kube-root-ca.crt of their namespace names. As kubelet is shown it, it names the hub's
// authority behind the cluster's own, so that a pod that is led to the hub believes its certificate. Goes along with the
// filters that lead pods here, and is for kubelet alone.
import { objectAt, textAt } from '../../apimachinery/object-fields.ts';
import type { ResponseFilter } from './response-filter.ts';

export const rootCa: ResponseFilter = {
  name: 'root-ca',
  resources: ['configmaps'],
  components: ['kubelet'],
  reads: [],
  concerns: ({ name }, { authority }) => name === 'kube-root-ca.crt' && authority !== '',
  show(configMap, { authority }) {
    const data = objectAt(configMap, 'data');
    const cluster = textAt(data, 'ca.crt');
    if (cluster === '' || cluster.includes(authority.trim())) return configMap;
    const separator = cluster.endsWith('\n') ? '' : '\n';
    return { ...configMap, data: { ...data, 'ca.crt': `${cluster}${separator}${authority}` } };
  },
};
