// Random valid objects of the kinds that a node or a user patches, with all that apiserver would default already in them.
import type { JsonObject, JsonValue } from '../../../src/apimachinery/json.ts';
import type { Random } from './random.ts';

export interface DocumentKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Of the collection. */
  readonly path: string;
  readonly subresource: '' | '/status';
  /** The parts a patch may speak of: the rest stays as it was made. */
  readonly patched: readonly string[];
  /** A random object; two of them differ in the patched parts only. */
  document(random: Random): JsonObject;
}

const names = ['a', 'b', 'c', 'd'] as const;
const words = ['', 'x', 'y', 'z', 'true', '1', 'ä€😀', '<&>'] as const;
const times = ['2026-01-01T00:00:00Z', '2026-02-03T04:05:06Z'] as const;

function textMap(random: Random, keys: readonly string[] = [...names, '__proto__', 'a.b']): JsonObject {
  return Object.fromEntries(random.some(keys, 0.4).map((key) => [key, random.pick(words)]));
}

function labels(random: Random): JsonObject {
  return Object.fromEntries(random.some(['a', 'b', 'x.io/c'], 0.4).map((key) => [key, random.pick(['', '1', 'two'])]));
}

function metadata(random: Random): JsonObject {
  return {
    name: 'subject',
    labels: labels(random),
    annotations: textMap(random, ['a', 'b', 'x.io/c']),
    finalizers: random.shuffled(random.some(['x.io/a', 'x.io/b', 'x.io/c'])),
    ownerReferences: random.shuffled(random.some(['a', 'b', 'c'], 0.3)).map((name) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name,
      uid: `uid-${name}`,
      ...(random.chance(0.5) && { blockOwnerDeletion: random.chance(0.5) }),
    })),
  };
}

function maybe(random: Random, key: string, value: JsonValue, probability = 0.5): JsonObject {
  return random.chance(probability) ? { [key]: value } : {};
}

function conditions(random: Random, types: readonly string[], heartbeat: boolean): JsonValue {
  return random.shuffled(random.some(types, 0.6)).map((type) => ({
    type,
    status: random.pick(['True', 'False', 'Unknown']),
    lastTransitionTime: random.pick([...times, null]),
    ...(heartbeat ? { lastHeartbeatTime: random.pick(times) } : maybe(random, 'lastProbeTime', null)),
    ...maybe(random, 'reason', random.pick(['A', 'B'])),
    ...maybe(random, 'message', random.pick(words)),
  }));
}

function container(random: Random, name: string): JsonObject {
  return {
    name,
    image: random.pick(['i:1', 'i:2']),
    imagePullPolicy: random.pick(['Always', 'IfNotPresent']),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: maybe(random, 'limits', { cpu: random.pick(['1', '1500m']), memory: random.pick(['1Gi', '64Mi']) }),
    ...maybe(random, 'command', random.some(['sh', '-c', 'true'])),
    env: random.shuffled(random.some(['A', 'B', 'C'])).map((key) => environment(random, key)),
    ports: random
      .some([80, 81], 0.4)
      .map((containerPort) => ({ containerPort, protocol: random.pick(['TCP', 'UDP']) })),
    volumeMounts: random.some(['/m', '/n'], 0.4).map((mountPath) => ({ mountPath, name: 'v' })),
    ...maybe(random, 'livenessProbe', probe(random), 0.3),
    ...maybe(random, 'securityContext', maybe(random, 'runAsUser', random.integer(9)), 0.3),
  };
}

/** It starts once and is not asked how it is. */
function initContainer(random: Random, name: string): JsonObject {
  const { livenessProbe: _none, ...rest } = container(random, name);
  return rest;
}

function environment(random: Random, name: string): JsonObject {
  if (random.chance(0.6)) return { name, ...maybe(random, 'value', random.pick(words), 0.8) };
  return {
    name,
    valueFrom: { secretKeyRef: { name: 's', key: random.pick(names), ...maybe(random, 'optional', true) } },
  };
}

function probe(random: Random): JsonObject {
  const handler = random.chance(0.5)
    ? { exec: { command: ['true'] } }
    : { httpGet: { path: '/', port: random.pick<JsonValue>([80, 'http']), scheme: 'HTTP' } };
  return {
    ...handler,
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 1 + random.integer(3),
  };
}

function volume(random: Random, name: string): JsonObject {
  const sources: readonly JsonObject[] = [
    { emptyDir: {} },
    { hostPath: { path: '/x', type: '' } },
    { configMap: { name: 'c', defaultMode: 420, ...maybe(random, 'items', [{ key: 'k', path: 'p' }]) } },
  ];
  return { name, ...random.pick(sources) };
}

const configMap: DocumentKind = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  path: '/api/v1/namespaces/default/configmaps',
  subresource: '',
  patched: ['kind', 'apiVersion', 'metadata', 'data', 'binaryData', 'immutable'],
  document: (random) => ({
    kind: random.chance(0.95) ? 'ConfigMap' : 'Secret',
    apiVersion: random.chance(0.95) ? 'v1' : 'v2',
    metadata: metadata(random),
    data: textMap(random),
    binaryData: Object.fromEntries(
      random.some(['bin1', 'bin2']).map((key) => [key, random.pick(['', 'AQI=', 'eA=='])]),
    ),
    ...maybe(random, 'immutable', false),
  }),
};

const secret: DocumentKind = {
  apiVersion: 'v1',
  kind: 'Secret',
  path: '/api/v1/namespaces/default/secrets',
  subresource: '',
  patched: ['metadata', 'data'],
  document: (random) => ({
    metadata: metadata(random),
    type: 'Opaque',
    data: Object.fromEntries(
      random.some([...names, '__proto__']).map((key) => [key, random.pick(['', 'AQI=', 'eA=='])]),
    ),
  }),
};

const serviceAccount: DocumentKind = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  path: '/api/v1/namespaces/default/serviceaccounts',
  subresource: '',
  patched: ['metadata', 'secrets', 'imagePullSecrets', 'automountServiceAccountToken'],
  document: (random) => ({
    metadata: metadata(random),
    secrets: random.shuffled(random.some(names)).map((name) => ({ name, ...maybe(random, 'namespace', 'default') })),
    imagePullSecrets: random.some(names).map((name) => ({ name })),
    ...maybe(random, 'automountServiceAccountToken', random.chance(0.5)),
  }),
};

const service: DocumentKind = {
  apiVersion: 'v1',
  kind: 'Service',
  path: '/api/v1/namespaces/default/services',
  subresource: '',
  patched: ['metadata', 'spec'],
  document: (random) => ({
    metadata: metadata(random),
    spec: {
      ports: random.shuffled([80, ...random.some([81, 82])]).map((port) => ({
        name: `p${port}`,
        port,
        protocol: random.pick(['TCP', 'UDP']),
        targetPort: random.pick<JsonValue>([port, 8080, 'http']),
        ...maybe(random, 'appProtocol', random.pick(['http', 'x.io/y']), 0.3),
      })),
      selector: labels(random),
      externalIPs: random.some(['192.0.2.1', '192.0.2.2']),
      publishNotReadyAddresses: random.chance(0.5),
    },
  }),
};

const deployment: DocumentKind = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  path: '/apis/apps/v1/namespaces/default/deployments',
  subresource: '',
  patched: ['metadata', 'spec'],
  document: (random) => ({
    metadata: metadata(random),
    spec: {
      replicas: random.integer(3),
      selector: { matchLabels: { app: 'x' } },
      strategy: random.chance(0.5)
        ? { type: 'Recreate' }
        : { type: 'RollingUpdate', rollingUpdate: { maxSurge: random.pick<JsonValue>([1, '25%']), maxUnavailable: 1 } },
      template: {
        metadata: { labels: { ...labels(random), app: 'x' }, annotations: textMap(random, ['a', 'b']) },
        spec: {
          containers: random.shuffled(['m', ...random.some(['n', 'o'])]).map((name) => container(random, name)),
          initContainers: random.some(['i'], 0.3).map((name) => initContainer(random, name)),
          volumes: random.shuffled(['v', ...random.some(['w', 'u'])]).map((name) => volume(random, name)),
          tolerations: random.some(['a', 'b']).map((key) => ({ key, operator: 'Exists' })),
          nodeSelector: labels(random),
          hostAliases: random.some(['192.0.2.1', '192.0.2.2'], 0.4).map((ip) => ({ ip, hostnames: ['h'] })),
          imagePullSecrets: random.some(names, 0.3).map((name) => ({ name })),
          restartPolicy: 'Always',
          dnsPolicy: 'ClusterFirst',
          schedulerName: 'default-scheduler',
          securityContext: {},
          terminationGracePeriodSeconds: 30,
        },
      },
    },
  }),
};

const podStatus: DocumentKind = {
  apiVersion: 'v1',
  kind: 'Pod',
  path: '/api/v1/namespaces/default/pods',
  subresource: '/status',
  patched: ['status'],
  document: (random) => ({
    metadata: { name: 'subject' },
    spec: { containers: [{ name: 'm', image: 'i' }], nodeName: 'n' },
    status: {
      phase: random.pick(['Pending', 'Running']),
      conditions: conditions(random, ['Ready', 'Initialized', 'ContainersReady', 'x.io/gate'], false),
      ...maybe(random, 'message', random.pick(words)),
      ...maybe(random, 'startTime', random.pick(times)),
      containerStatuses: [
        {
          name: 'm',
          image: random.pick(['i', 'j']),
          imageID: '',
          ready: random.chance(0.5),
          restartCount: random.integer(3),
          state: random.pick<JsonValue>([
            { running: { startedAt: random.pick(times) } },
            { waiting: { reason: 'A' } },
            { terminated: { exitCode: 1, startedAt: null, finishedAt: random.pick(times) } },
          ]),
          lastState: {},
          ...maybe(random, 'started', random.chance(0.5)),
        },
      ],
      hostIP: '192.0.2.1',
      hostIPs: [{ ip: '192.0.2.1' }],
      ...maybe(random, 'podIP', '10.0.0.1', 1),
      podIPs: [{ ip: '10.0.0.1' }, ...random.some(['fd00::1'], 0.3).map((ip) => ({ ip }))],
    },
  }),
};

const nodeStatus: DocumentKind = {
  apiVersion: 'v1',
  kind: 'Node',
  path: '/api/v1/nodes',
  subresource: '/status',
  patched: ['status'],
  document: (random) => ({
    metadata: { name: 'subject' },
    status: {
      addresses: random
        .shuffled(random.some(['InternalIP', 'Hostname', 'ExternalIP']))
        .map((type) => ({ type, address: random.pick(['192.0.2.1', '192.0.2.2']) })),
      capacity: {
        cpu: random.pick(['4', '1500m']),
        memory: random.pick(['1Gi', '16384Ki']),
        ...maybe(random, 'x.io/y', '2'),
      },
      allocatable: { cpu: '4', memory: '1Gi' },
      conditions: conditions(random, ['Ready', 'MemoryPressure', 'DiskPressure', 'NetworkUnavailable'], true),
      images: random.some(['a', 'b', 'c']).map((name) => ({ names: [name], sizeBytes: 1 + random.integer(2 ** 31) })),
      volumesInUse: random.some(['v', 'w']),
      nodeInfo: { ...nodeInfo, kubeletVersion: random.pick(['v1', 'v2']) },
      daemonEndpoints: { kubeletEndpoint: { Port: random.integer(99) } },
    },
  }),
};

const nodeInfo = {
  machineID: 'm',
  systemUUID: 's',
  bootID: 'b',
  kernelVersion: 'k',
  osImage: 'o',
  containerRuntimeVersion: 'c',
  kubeletVersion: 'v1',
  kubeProxyVersion: '',
  operatingSystem: 'linux',
  architecture: 'amd64',
};

export const documentKinds: readonly DocumentKind[] = [
  configMap,
  secret,
  serviceAccount,
  service,
  deployment,
  podStatus,
  nodeStatus,
];
