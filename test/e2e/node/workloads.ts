// What runs on the node of the tests: values only.
import { podImage } from './node-configuration.ts';

export interface PodOrder {
  readonly labels?: Readonly<Record<string, string>>;
  /** More of the pod's spec. */
  readonly spec?: object;
  /** More of its container. */
  readonly container?: object;
  /** It is ready when they hold; see pod-program. */
  readonly checks?: readonly string[];
}

/** Where pods may write on the node's disk. */
export const sharedDirectory = '/var/lib/holdfast-e2e';

/** `sharedDirectory`, at /shared. */
export const sharing = {
  spec: { volumes: [{ name: 'shared', hostPath: { path: sharedDirectory } }] },
  container: { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] },
};

/** What is away for long may not be evicted meanwhile. */
const staysWhileAway = ['not-ready', 'unreachable'].map((what) => ({
  key: `node.kubernetes.io/${what}`,
  operator: 'Exists',
  effect: 'NoExecute',
}));

/** One container that serves, ready once its checks hold. */
export function podSpec({ spec = {}, container = {}, checks = [] }: PodOrder = {}): object {
  const app = {
    name: 'app',
    image: podImage,
    imagePullPolicy: 'Never',
    args: ['serve', ...checks],
    readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
    ...container,
  };
  return { terminationGracePeriodSeconds: 1, tolerations: staysWhileAway, containers: [app], ...spec };
}

export function pod(name: string, order: PodOrder = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: order.labels ?? {} }, spec: podSpec(order) };
}

function ofTemplate(name: string, order: PodOrder): object {
  const labels = { app: name, ...order.labels };
  return { selector: { matchLabels: { app: name } }, template: { metadata: { labels }, spec: podSpec(order) } };
}

export function deployment(name: string, replicas: number, order: PodOrder = {}): object {
  return { metadata: { name }, spec: { replicas, ...ofTemplate(name, order) } };
}

/** What `postAll` makes: path of the collection, object. */
export type Order = readonly [path: string, object: object];

/** Each mounts something else, and is ready only if it found in it what it should. */
export function everyKindOfPod(): Order[] {
  const core = '/api/v1/namespaces/default';
  const apps = '/apis/apps/v1/namespaces/default';
  const inPods = (name: string, order: PodOrder): Order => [`${core}/pods`, pod(name, order)];
  return [
    [`${core}/configmaps`, { metadata: { name: 'settings' }, data: { greeting: 'hello' } }],
    [`${core}/secrets`, { metadata: { name: 'credentials' }, stringData: { password: 'planted-4711' } }],
    [`${apps}/deployments`, deployment('web', 2, probed)],
    inPods(
      'with-config',
      mounting({ configMap: { name: 'settings' } }, 'greeting=hello', 'configMapKeyRef', 'settings'),
    ),
    inPods(
      'with-secret',
      mounting({ secret: { secretName: 'credentials' } }, 'password=planted-4711', 'secretKeyRef', 'credentials'),
    ),
    inPods('with-token', withToken),
    inPods('with-scratch', withScratch),
    inPods('pinned', pinned),
    inPods('switched', { checks: ['file:/shared/switch=on'], ...sharing }),
    [`${apps}/daemonsets`, { metadata: { name: 'agent' }, spec: ofTemplate('agent', onHostNetwork) }],
    ['/apis/batch/v1/namespaces/default/jobs', runOnce],
  ];
}

/** All of `everyKindOfPod` but the Job, and the static pod. */
export const countOfPods = 10;
/** The label that `pinned` waits for; only the cloud gives it. */
export const pinningLabel = { site: 'harbour' };

/** As kubelet reads it from a file. It serves on the node's own address. */
export function staticPod(name: string, port: number): object {
  return pod(name, {
    container: {
      env: [{ name: 'PORT', value: `${port}` }],
      readinessProbe: { httpGet: { path: '/ready', port }, periodSeconds: 1 },
    },
    spec: { hostNetwork: true },
  });
}

const probed: PodOrder = {
  container: {
    startupProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 5 },
  },
};

/** The same entry, `KEY=TEXT`, as a file and as a variable. */
function mounting(source: object, entry: string, reference: string, name: string): PodOrder {
  const [key, text] = entry.split('=');
  return {
    checks: [`file:/mounted/${entry}`, `env:GIVEN=${text}`],
    spec: { volumes: [{ name: 'mounted', ...source }] },
    container: {
      volumeMounts: [{ name: 'mounted', mountPath: '/mounted' }],
      env: [{ name: 'GIVEN', valueFrom: { [reference]: { name, key } } }],
    },
  };
}

const withToken: PodOrder = {
  checks: [
    'token:/var/run/secrets/kubernetes.io/serviceaccount/token',
    'token:/tokens/vault=vault',
    'file:/tokens/name=with-token',
    'env:KUBERNETES_SERVICE_HOST=10.96.0.1',
  ],
  spec: {
    volumes: [
      {
        name: 'tokens',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'vault', audience: 'vault', expirationSeconds: 7200 } },
            { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
          ],
        },
      },
    ],
  },
  container: { volumeMounts: [{ name: 'tokens', mountPath: '/tokens' }] },
};

const withScratch: PodOrder = {
  checks: ['file:/scratch/note=left by the first'],
  spec: {
    volumes: [{ name: 'scratch', emptyDir: {} }],
    initContainers: [
      {
        name: 'first',
        image: podImage,
        imagePullPolicy: 'Never',
        args: ['write', '/scratch/note', 'left by the first'],
        volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      },
    ],
  },
  container: {
    volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    readinessProbe: { exec: { command: ['/app', 'ask', '/ready'] }, periodSeconds: 2 },
  },
};

const onlyThere = { key: 'site', operator: 'In', values: [pinningLabel.site] };
const pinned: PodOrder = {
  spec: {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [onlyThere] }] },
      },
    },
  },
};

const onHostNetwork: PodOrder = {
  spec: { hostNetwork: true },
  container: {
    env: [{ name: 'PORT', value: '8090' }],
    readinessProbe: { httpGet: { path: '/ready', port: 8090 }, periodSeconds: 1 },
  },
};

const runOnce = {
  metadata: { name: 'once' },
  spec: {
    template: {
      metadata: { labels: { app: 'once' } },
      spec: podSpec({
        spec: { ...sharing.spec, restartPolicy: 'Never' },
        container: { ...sharing.container, args: ['append', '/shared/runs', 'ran'], readinessProbe: undefined },
      }),
    },
  },
};
