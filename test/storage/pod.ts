// A pod as a cluster sends it, managedFields included, about 2.4 kB; every one has its own names, hashes and times.
import { createHash } from 'node:crypto';

function digest(seed: string, characters: number): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, characters);
}

/** `revision` changes what an update changes: resourceVersion and times. */
export function podBody(number: number, revision = 0): Buffer {
  const seed = `pod ${number}`;
  const app = `sensor-${digest(`app ${number % 17}`, 4)}`;
  const hash = digest(`template ${number % 17}`, 10);
  const uid = [8, 4, 4, 4, 12].map((length, i) => digest(`${seed} ${i}`, length)).join('-');
  const time = `2027-03-0${1 + (revision % 9)}T0${revision % 10}:1${number % 10}:2${revision % 7}Z`;
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: `${app}-${hash}-${digest(seed, 5)}`,
      generateName: `${app}-${hash}-`,
      namespace: `plant-${number % 5}`,
      uid,
      resourceVersion: String(4_000_000 + number * 131 + revision * 7919),
      generation: 1,
      creationTimestamp: time,
      labels: { app, line: `l${number % 9}`, 'pod-template-hash': hash },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${app}-${hash}`,
          uid: uid.split('-').reverse().join('-'),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time,
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': {
              'f:generateName': {},
              'f:labels': { '.': {}, 'f:app': {}, 'f:line': {}, 'f:pod-template-hash': {} },
              'f:ownerReferences': { '.': {}, [`k:{"uid":"${uid}"}`]: {} },
            },
            'f:spec': {
              'f:containers': {
                'k:{"name":"reader"}': {
                  '.': {},
                  'f:image': {},
                  'f:imagePullPolicy': {},
                  'f:name': {},
                  'f:resources': { '.': {}, 'f:limits': { '.': {}, 'f:memory': {} } },
                  'f:terminationMessagePath': {},
                  'f:terminationMessagePolicy': {},
                },
              },
              'f:dnsPolicy': {},
              'f:restartPolicy': {},
              'f:schedulerName': {},
              'f:terminationGracePeriodSeconds': {},
            },
          },
        },
      ],
    },
    spec: {
      containers: [
        {
          name: 'reader',
          image: `registry.plant.example/reader:${2 + (number % 3)}.${number % 40}`,
          resources: { limits: { memory: `${32 + (number % 4) * 32}Mi` }, requests: { memory: '32Mi' } },
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      nodeName: `edge-${number % 3}`,
      schedulerName: 'default-scheduler',
    },
    status: {
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: time,
      })),
      hostIP: `192.168.7.${number % 200}`,
      podIP: `10.244.3.${number % 250}`,
      podIPs: [{ ip: `10.244.3.${number % 250}` }],
      startTime: time,
      containerStatuses: [
        {
          name: 'reader',
          state: { running: { startedAt: time } },
          lastState: {},
          ready: true,
          restartCount: revision % 4,
          imageID: `sha256:${digest(`image ${number % 40}`, 64)}`,
          containerID: `containerd://${digest(`${seed} ${revision % 4}`, 64)}`,
          started: true,
        },
      ],
      qosClass: 'Burstable',
    },
  };
  return Buffer.from(JSON.stringify(pod));
}
