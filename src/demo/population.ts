// Fills a store with a small edge cluster: nodes, namespaces, workloads and what hangs on them, in realistic shape and
// size. The same random source gives the same cluster.

import type { Clock } from '../apimachinery/clock.ts';
import type { DraftDocument } from './document.ts';
import { csiNodeDraft, leaseDraft, nodeDraft, nodeIdentity } from './node-shape.ts';
import { podDraft, runningPod } from './pod-shape.ts';
import { type Random, randomSuffix } from './random.ts';
import { definitionOfKey } from './resource-definitions.ts';
import type { ObjectStore } from './store.ts';
import type { StoredObject } from './stored-object.ts';
import {
  deploymentDraft,
  endpointSliceDraft,
  eventDraft,
  replicaSetDraft,
  serviceDraft,
  type Workload,
} from './workload-shape.ts';

export interface PopulationOptions {
  /** Exactly so many pods. Default 40. */
  readonly pods?: number;
  /** Exactly so many services, `kubernetes` and `kube-dns` among them (so at least 2). Default 12. */
  readonly services?: number;
  /** Default 3. */
  readonly nodes?: number;
  readonly random: Random;
  readonly clock: Clock;
  /** What kube-root-ca.crt holds. Default: a placeholder. */
  readonly rootCertificate?: string;
}

export const demoNamespace = 'shop';
const apps = ['web', 'api', 'cart', 'catalog', 'checkout', 'search', 'stock', 'mail'];
const podsPerDeployment = 5;

export function populate(store: ObjectStore, options: PopulationOptions): void {
  const { pods = 40, services = 12, nodes = 3, random, clock } = options;
  const put = (key: string, namespace: string, draft: DraftDocument): StoredObject =>
    store.create(definitionOfKey(key), namespace, draft);
  putNamespaces(put, options.rootCertificate ?? '-----BEGIN CERTIFICATE-----\ndemo\n-----END CERTIFICATE-----\n');
  putClusterScoped(put);
  const identities = Array.from({ length: nodes }, (_, index) => nodeIdentity(index));
  for (const identity of identities) {
    const { uid } = put('v1/nodes', '', nodeDraft(identity, clock.now())).document.metadata;
    put('coordination.k8s.io/v1/leases', 'kube-node-lease', leaseDraft(identity.name, uid, clock.now()));
    put('storage.k8s.io/v1/csinodes', '', csiNodeDraft(identity.name, uid));
  }
  const workloads = workloadsFor(pods, random);
  let podIndex = 0;
  for (const { namespace, workload } of workloads) {
    const deployment = put('apps/v1/deployments', namespace, deploymentDraft(workload, clock.now()));
    const owner = put('apps/v1/replicasets', namespace, replicaSetDraft(workload, deployment.document));
    const { name, uid } = owner.document.metadata;
    for (let replica = 0; replica < workload.replicas; replica += 1) {
      const template = { ...workload, owner: { kind: 'ReplicaSet', name, uid } as const };
      const draft = podDraft(`${name}-${randomSuffix(random)}`, template, clock.now());
      const node = identities[podIndex % identities.length]!;
      const podIP = podAddress(node.podCidr, Math.floor(podIndex / identities.length));
      const placement = { nodeName: node.name, hostIP: node.address, podIP };
      const created = put('v1/pods', namespace, draft);
      store.update(created.definition, namespace, created.name, (pod) => runningPod(pod, placement, clock.now()));
      podIndex += 1;
    }
  }
  putServices(store, put, workloads, services);
  for (const pod of store.list(definitionOfKey('v1/pods')).slice(0, 10)) {
    const name = `${pod.name}.${randomSuffix(random, 10)}`;
    const message = `Started container ${pod.labels.app}`;
    put('v1/events', pod.namespace, eventDraft(pod.document, { name, reason: 'Started', message, nowMs: clock.now() }));
  }
}

type Put = (key: string, namespace: string, draft: DraftDocument) => StoredObject;

function putNamespaces(put: Put, rootCertificate: string): void {
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system', demoNamespace]) {
    put('v1/namespaces', '', {
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    put('v1/serviceaccounts', name, { metadata: { name: 'default' } });
    put('v1/configmaps', name, { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': rootCertificate } });
  }
  put('v1/configmaps', 'kube-system', {
    metadata: { name: 'coredns' },
    data: {
      Corefile:
        '.:53 {\n    errors\n    health\n    kubernetes cluster.local\n    forward . /etc/resolv.conf\n    cache 30\n}\n',
    },
  });
  put('v1/configmaps', demoNamespace, { metadata: { name: 'settings' }, data: { LOG_LEVEL: 'info', CURRENCY: 'EUR' } });
  put('v1/configmaps', demoNamespace, { metadata: { name: 'prices' }, data: { bread: '2.90', milk: '1.20' } });
  const password = Buffer.from('not-a-real-password').toString('base64');
  put('v1/secrets', demoNamespace, {
    metadata: { name: 'database' },
    data: { username: 'c2hvcA==', password },
    type: 'Opaque',
  });
  for (const [name, unit, reading] of [
    ['cold-room', 'celsius', '3.9'],
    ['oven', 'celsius', '181.0'],
    ['door', 'count', '17'],
  ]) {
    put('edge.example.com/v1/sensors', demoNamespace, {
      metadata: { name: name! },
      spec: { unit },
      status: { reading },
    });
  }
}

function putClusterScoped(put: Put): void {
  put('node.k8s.io/v1/runtimeclasses', '', { metadata: { name: 'runc' }, handler: 'runc' });
  put('storage.k8s.io/v1/csidrivers', '', {
    metadata: { name: 'local.csi.example.com' },
    spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ['Persistent'], fsGroupPolicy: 'File' },
  });
  put('storage.k8s.io/v1/storageclasses', '', {
    metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'local.csi.example.com',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
}

interface PlacedWorkload {
  readonly namespace: string;
  readonly workload: Workload;
}

function workloadsFor(pods: number, random: Random): readonly PlacedWorkload[] {
  const placed: PlacedWorkload[] = [];
  const add = (namespace: string, app: string, image: string, port: number, replicas: number): void => {
    if (replicas <= 0) return;
    placed.push({ namespace, workload: { app, image, port, replicas, templateHash: randomSuffix(random, 10) } });
  };
  add('kube-system', 'coredns', 'registry.k8s.io/coredns/coredns:v1.13.1', 53, Math.min(2, pods));
  for (let left = pods - 2, index = 0; left > 0; left -= podsPerDeployment, index += 1) {
    const app = index < apps.length ? apps[index]! : `${apps[index % apps.length]}-${Math.floor(index / apps.length)}`;
    add(demoNamespace, app, `registry.example.com/shop/${app}:1.4.2`, 8080, Math.min(left, podsPerDeployment));
  }
  return placed;
}

function putServices(store: ObjectStore, put: Put, workloads: readonly PlacedWorkload[], count: number): void {
  const pods = store.list(definitionOfKey('v1/pods')).map(({ document }) => document);
  const { document: kubernetes } = put(
    'v1/services',
    'default',
    serviceDraft('kubernetes', { clusterIP: '10.96.0.1', port: 443, targetPort: 6443 }),
  );
  put('discovery.k8s.io/v1/endpointslices', 'default', endpointSliceDraft(kubernetes, []));
  const shop = workloads.filter(({ namespace }) => namespace === demoNamespace);
  for (let index = 0; index < count - 1; index += 1) {
    const isDns = index === 0;
    const target = isDns ? workloads[0] : shop[(index - 1) % shop.length];
    if (target === undefined) return;
    const { namespace, workload } = target;
    const round = Math.floor((index - 1) / shop.length);
    const name = isDns ? 'kube-dns' : round === 0 ? workload.app : `${workload.app}-alias-${round}`;
    const clusterIP = isDns ? '10.96.0.10' : `10.96.${1 + (index >> 8)}.${index & 255}`;
    const draft = serviceDraft(name, {
      app: workload.app,
      clusterIP,
      port: isDns ? 53 : 80,
      targetPort: workload.port,
    });
    const { document } = put('v1/services', namespace, draft);
    const behind = pods.filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.app === workload.app,
    );
    put('discovery.k8s.io/v1/endpointslices', namespace, endpointSliceDraft(document, behind));
  }
}

/** The nth address for a pod: 10.244.3.0/24 gives 10.244.3.2, 10.244.3.3, … */
export function podAddress(podCidr: string, index: number): string {
  const [a, b, c] = podCidr.split('.');
  return `${a}.${b}.${c}.${2 + (index % 250)}`;
}
