// What the random writes are made of, kind by kind: mostly sound, sometimes not.
import type { GroupVersionResource } from '../../../src/apimachinery/group-version-resource.ts';
import type { Random } from './random.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of every kind, right and wrong
export type Loose = any;

export interface TestedKind {
  readonly gvr: GroupVersionResource;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly ('create' | 'update' | 'patch' | 'delete')[];
  readonly subresources: readonly string[];
  readonly names: readonly string[];
  /** All but metadata. */
  readonly content: (random: Random, subresource: string) => Loose;
  readonly customStatus?: boolean;
  /** When the kind alone does not say it. */
  readonly title?: string;
  /** What a new one always has. */
  readonly annotations?: Loose;
}

export const namespace = 'differential';
export const nodeName = 'edge-1';
const time = '2026-01-02T03:04:05Z';
const microTime = '2026-01-02T03:04:05.123456Z';

function maybe(random: Random, percent: number, members: () => Loose): Loose {
  return random.isLucky(percent) ? members() : {};
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

function dataOf(random: Random, value: (text: string) => string): Loose {
  const keys = ['a', 'b.txt', '.dot', 'c_d', ...(random.isLucky(4) ? ['bad key', '..', '.', 'x/y'] : [])];
  const texts = ['', 'one', 'two', 'Zwölf', ...(random.isLucky(1) ? ['x'.repeat(1_100_000)] : [])];
  const data: Loose = {};
  for (let i = random.below(4); i > 0; i -= 1) data[random.pick(keys)] = value(random.pick(texts));
  return data;
}

const configMaps: TestedKind = {
  gvr: { group: '', version: 'v1', resource: 'configmaps' },
  kind: 'ConfigMap',
  isNamespaced: true,
  verbs: ['create', 'update', 'patch', 'delete'],
  subresources: ['', '', '', '', '', '', '', 'status'],
  names: ['a', 'b', 'c'],
  content: (random) => ({
    ...maybe(random, 80, () => ({ data: dataOf(random, (text) => text) })),
    ...maybe(random, 20, () => ({ binaryData: dataOf(random, base64) })),
    ...maybe(random, 15, () => ({ immutable: random.pick([true, true, false, null]) })),
    ...maybe(random, 2, () => ({ data: random.pick([{ a: 1 }, 'text', ['list']]) })),
    ...maybe(random, 1, () => ({ binaryData: { a: '*no base64*' } })),
  }),
};

const secretTypes = [
  'Opaque',
  'example.com/own',
  'kubernetes.io/tls',
  'kubernetes.io/basic-auth',
  'kubernetes.io/ssh-auth',
  'kubernetes.io/dockercfg',
  'kubernetes.io/dockerconfigjson',
];

const secrets: TestedKind = {
  ...configMaps,
  gvr: { group: '', version: 'v1', resource: 'secrets' },
  kind: 'Secret',
  content: (random) => ({
    ...maybe(random, 70, () => ({ data: dataOf(random, base64) })),
    ...maybe(random, 30, () => ({ stringData: dataOf(random, (text) => text) })),
    ...maybe(random, 40, () => ({ type: random.pick([...secretTypes, 'Opaque', 'Opaque']) })),
    ...maybe(random, 10, () => ({
      data: {
        'tls.crt': base64('crt'),
        'tls.key': base64('key'),
        username: base64('me'),
        '.dockercfg': base64(random.pick(['{}', '[]', 'no'])),
        '.dockerconfigjson': base64('{"auths":{}}'),
        'ssh-privatekey': base64('key'),
      },
    })),
    ...maybe(random, 15, () => ({ immutable: random.pick([true, true, false, null]) })),
  }),
};

const leases: TestedKind = {
  ...configMaps,
  gvr: { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' },
  kind: 'Lease',
  subresources: [''],
  content: (random) => ({
    ...maybe(random, 90, () => ({
      spec: {
        ...maybe(random, 80, () => ({ holderIdentity: random.pick(['me', 'you', '', null]) })),
        ...maybe(random, 60, () => ({ leaseDurationSeconds: random.pick([40, 15, 1, 0, -1]) })),
        ...maybe(random, 60, () => ({ renewTime: random.pick([microTime, time, null]) })),
        ...maybe(random, 20, () => ({ leaseTransitions: random.pick([0, 1, 7, -2]) })),
        ...maybe(random, 5, () => ({ strategy: 'OldestEmulationVersion', preferredHolder: 'me' })),
      },
    })),
  }),
};

const csiNodes: TestedKind = {
  ...configMaps,
  gvr: { group: 'storage.k8s.io', version: 'v1', resource: 'csinodes' },
  kind: 'CSINode',
  isNamespaced: false,
  subresources: [''],
  content: (random) => ({
    spec: {
      drivers: Array.from({ length: random.below(4) }, () => ({
        name: random.pick(['a.csi.example.com', 'b.csi.example.com', 'c', ...(random.isLucky(5) ? ['', 'Ä'] : [])]),
        nodeID: random.pick([nodeName, nodeName, 'other', ...(random.isLucky(5) ? [''] : [])]),
        topologyKeys: random.pick([null, [], ['zone'], ['example.com/zone', 'rack'], ['zone', 'zone']]),
        ...maybe(random, 40, () => ({
          allocatable: { count: random.pick([0, 5, 25, ...(random.isLucky(8) ? [-1] : [])]) },
        })),
      })),
    },
  }),
};

const condition = (random: Random, types: readonly string[]) => ({
  type: random.pick(types),
  status: random.pick(['True', 'False', 'Unknown']),
  reason: random.pick(['Fine', 'Broken']),
  message: random.pick(['', 'all is well']),
  lastTransitionTime: random.pick([time, null]),
});

const nodes: TestedKind = {
  ...configMaps,
  gvr: { group: '', version: 'v1', resource: 'nodes' },
  kind: 'Node',
  isNamespaced: false,
  verbs: ['update', 'patch', 'patch', 'create'],
  subresources: ['status', 'status', 'status', ''],
  names: [nodeName],
  content: (random, subresource) => ({
    ...maybe(random, subresource === 'status' ? 90 : 20, () => ({
      status: {
        ...maybe(random, 60, () => ({
          conditions: Array.from({ length: random.below(3) }, () => ({
            ...condition(random, ['Ready', 'DiskPressure', 'NetworkUnavailable']),
            lastHeartbeatTime: time,
          })),
        })),
        ...maybe(random, 40, () => ({
          addresses: Array.from({ length: random.below(3) }, () => ({
            type: random.pick(['InternalIP', 'Hostname']),
            address: random.pick(['10.0.0.1', nodeName]),
          })),
        })),
        ...maybe(random, 40, () => ({
          capacity: {
            cpu: random.pick(['4', '4000m', 4, '0.5']),
            memory: random.pick(['8Gi', '8192Mi', '-1', '1e9']),
            ...maybe(random, 20, () => ({ 'example.com/gpu': random.pick(['1', '500m', null]) })),
            ...maybe(random, 4, () => ({ [random.pick(['services', 'example.com/-', 'kubernetes.io/x'])]: '1500m' })),
            ...maybe(random, 30, () => ({ pods: random.pick(['110', 110, '1500m']) })),
          },
        })),
        ...maybe(random, 20, () => ({ volumesInUse: random.pick([['a'], ['b', 'a'], []]) })),
        ...maybe(random, 20, () => ({ images: random.pick([[{ names: ['a:1'], sizeBytes: 9 }], null]) })),
        ...maybe(random, 20, () => ({
          nodeInfo: {
            kubeletVersion: random.pick(['v1.35.4', 'v1.34.0']),
            ...maybe(random, 20, () => ({ swap: random.pick([{ capacity: 7 }, { capacity: 0 }, {}]) })),
          },
        })),
        ...maybe(random, 8, () => ({
          declaredFeatures: random.pick([['A', 'B/c'], ['B', 'A'], ['A', 'A'], ['no good'], []]),
        })),
        ...maybe(random, 2, () => ({ phase: 7 })),
      },
    })),
    ...maybe(random, 8, () => ({ spec: random.pick([{ unschedulable: true }, { podCIDR: '10.1.0.0/24' }, {}]) })),
  }),
};

const containerStatus = (random: Random) => ({
  name: random.pick(['app', 'side', 'side', 'ruled']),
  image: 'app',
  imageID: '',
  ready: random.isLucky(50),
  restartCount: random.below(3),
  state: random.pick([
    { running: { startedAt: time } },
    { waiting: { reason: 'ContainerCreating' } },
    { terminated: { exitCode: random.pick([0, 1]), startedAt: time, finishedAt: time } },
  ]),
});

const pods: TestedKind = {
  ...configMaps,
  gvr: { group: '', version: 'v1', resource: 'pods' },
  kind: 'Pod',
  verbs: ['update', 'patch', 'patch', 'patch', 'patch', 'patch', 'delete'],
  subresources: ['status', 'status', 'status', ''],
  names: ['never', 'always', 'on-failure'],
  content: (random, subresource) => ({
    ...maybe(random, subresource === 'status' ? 95 : 15, () => ({
      status: {
        ...maybe(random, 50, () => ({ phase: random.pick(['Pending', 'Running', 'Running', 'Succeeded', 'Failed']) })),
        ...maybe(random, 50, () => ({
          conditions: Array.from({ length: random.below(3) }, () => ({
            ...condition(random, [
              'Ready',
              'Initialized',
              'PodScheduled',
              'example.com/own',
              ...(random.isLucky(4) ? ['not good'] : []),
            ]),
            ...maybe(random, 30, () => ({ observedGeneration: random.below(3) })),
          })),
        })),
        ...maybe(random, 50, () => ({
          containerStatuses: Array.from({ length: random.below(3) }, () => containerStatus(random)),
        })),
        ...maybe(random, 20, () => ({
          initContainerStatuses: Array.from({ length: random.below(3) }, () => ({
            ...containerStatus(random),
            name: random.pick(['first', 'sidecar', 'strange']),
          })),
        })),
        ...maybe(random, 4, () => ({ ephemeralContainerStatuses: [{ ...containerStatus(random), name: 'debug' }] })),
        ...maybe(random, 30, () => ({ podIP: random.pick(['10.1.0.4', '10.1.0.5', '']) })),
        ...maybe(random, 30, () => ({
          podIPs: random.pick([[{ ip: '10.1.0.4' }], [{ ip: '10.1.0.5' }, { ip: 'fd00::5' }], [{ ip: 'x' }], []]),
        })),
        ...maybe(random, 30, () => ({
          hostIP: '10.0.0.1',
          hostIPs: random.pick([[{ ip: '10.0.0.1' }], [{ ip: '10.0.0.2' }]]),
        })),
        ...maybe(random, 10, () => ({ qosClass: random.pick(['BestEffort', 'Guaranteed']) })),
        ...maybe(random, 10, () => ({ observedGeneration: random.below(4) })),
        ...maybe(random, 5, () => ({ nominatedNodeName: 'other' })),
        ...maybe(random, 30, () => ({ startTime: time })),
      },
    })),
  }),
};

/** As kubelet makes them of a file: with all defaults. */
const mirrorPods: TestedKind = {
  ...pods,
  title: 'mirror Pod',
  verbs: ['create', 'create', 'delete'],
  names: [`static-${nodeName}`, `other-${nodeName}`],
  annotations: { 'kubernetes.io/config.mirror': 'hash' },
  content: (random) => ({
    spec: {
      ...maybe(random, 92, () => ({ nodeName })),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: random.pick([30, 0]),
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      hostNetwork: true,
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
      containers: ['app', 'side'].slice(random.below(2)).map((name) => ({
        name,
        image: 'app:1',
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        resources: random.pick([
          {},
          { requests: { cpu: '100m' } },
          { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '0.1', memory: '1024Mi' } },
        ]),
      })),
    },
    ...maybe(random, 10, () => ({ status: { phase: 'Running' } })),
  }),
};

const claimed = (random: Random) =>
  random.isLucky(85) ? 'storage' : random.pick(['cpu', 'example.com/x', 'kubernetes.io/x', 'no good', 'storage']);

const claims: TestedKind = {
  ...configMaps,
  gvr: { group: '', version: 'v1', resource: 'persistentvolumeclaims' },
  kind: 'PersistentVolumeClaim',
  verbs: ['update', 'patch', 'patch'],
  subresources: ['status'],
  names: ['claim', 'missing'],
  content: (random) => ({
    status: {
      ...maybe(random, 50, () => ({ phase: random.pick(['Bound', 'Pending', '']) })),
      ...maybe(random, 50, () => ({ capacity: { storage: random.pick(['1Gi', '2048Mi', '-1']) } })),
      ...maybe(random, 30, () => ({ conditions: [condition(random, ['Resizing', 'FileSystemResizePending'])] })),
      ...maybe(random, 20, () => ({ allocatedResources: { [claimed(random)]: random.pick(['2Gi', '-2Gi']) } })),
      ...maybe(random, 20, () => ({
        allocatedResourceStatuses: {
          [claimed(random)]: random.pick(['NodeResizePending', 'NodeResizeInProgress', null, 'Odd']),
        },
      })),
    },
  }),
};

const coreEvents: TestedKind = {
  ...configMaps,
  gvr: { group: '', version: 'v1', resource: 'events' },
  kind: 'Event',
  subresources: [''],
  names: ['a.17b', 'b.17b', 'c.17b', 'd.17b'],
  content: (random) => ({
    involvedObject: random.pick([
      { kind: 'Pod', name: 'never', namespace, apiVersion: 'v1' },
      { kind: 'Pod', name: 'never', namespace },
      { kind: 'Node', name: nodeName },
    ]),
    ...maybe(random, 80, () => ({ reason: random.pick(['Started', 'Pulled']) })),
    ...maybe(random, 80, () => ({ message: random.pick(['it goes', 'x'.repeat(2000)]) })),
    ...maybe(random, 60, () => ({ type: random.pick(['Normal', 'Warning', 'Odd']) })),
    ...maybe(random, 70, () => ({ firstTimestamp: time, lastTimestamp: time, count: random.below(4) })),
    ...maybe(random, 60, () => ({ source: { component: 'kubelet', host: nodeName } })),
    ...maybe(random, 25, () => ({ eventTime: random.pick([microTime, null]) })),
    ...maybe(random, 30, () => ({
      reportingComponent: random.pick(['kubelet', 'example.com/x', 'no good']),
      reportingInstance: random.pick([nodeName, 'i'.repeat(130)]),
      action: 'Start',
    })),
    ...maybe(random, 10, () => ({ series: { count: random.below(4), lastObservedTime: microTime } })),
  }),
};

const newEvents: TestedKind = {
  ...coreEvents,
  gvr: { group: 'events.k8s.io', version: 'v1', resource: 'events' },
  names: ['e.17b', 'f.17b', 'g.17b'],
  content: (random) => ({
    regarding: { kind: 'Pod', name: random.pick(['never', 'never', 'always']), namespace },
    reason: 'Started',
    note: random.pick(['it goes', 'it goes', 'it stands']),
    type: random.pick(['Normal', 'Normal', 'Normal', 'Warning', ...(random.isLucky(5) ? ['Odd'] : [])]),
    ...maybe(random, 90, () => ({ eventTime: microTime })),
    reportingController: 'example.com/controller',
    reportingInstance: nodeName,
    action: random.pick(['Start', 'Start', 'Start', '']),
    ...maybe(random, 40, () => ({
      series: random.pick([
        { count: 2, lastObservedTime: microTime },
        { count: 3, lastObservedTime: microTime },
        { count: 1, lastObservedTime: microTime },
        { count: 5, lastObservedTime: null },
      ]),
    })),
    ...maybe(random, 4, () => ({ deprecatedCount: 2 })),
  }),
};

const custom = (resource: string, kind: string, customStatus: boolean): TestedKind => ({
  ...configMaps,
  gvr: { group: 'example.com', version: 'v1', resource },
  kind,
  subresources: customStatus ? ['', '', 'status'] : ['', '', '', 'status'],
  customStatus,
  content: (random) => ({
    ...maybe(random, 80, () => ({
      spec: { size: random.below(3), ...maybe(random, 50, () => ({ list: random.pick([[1], [1, 2], []]) })) },
    })),
    ...maybe(random, 50, () => ({ status: { phase: random.pick(['On', 'Off']) } })),
  }),
});

export const widgets = custom('widgets', 'Widget', true);
export const gadgets = custom('gadgets', 'Gadget', false);

export const testedKinds: readonly TestedKind[] = [
  configMaps,
  secrets,
  leases,
  csiNodes,
  nodes,
  pods,
  mirrorPods,
  claims,
  coreEvents,
  newEvents,
  widgets,
  gadgets,
];
