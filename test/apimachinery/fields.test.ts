import test from 'ava';
import fc from 'fast-check';
import { isReadableField, readFields, supportedFields } from '../../src/apimachinery/fields.ts';
import { parseGvrKey } from '../../src/apimachinery/group-version-resource.ts';

const of = (key: string, object: Record<string, unknown>) => readFields(parseGvrKey(key), object);
const metadata = { name: 'a', namespace: 'n' };

test('a bare object has the values that apiserver would default', (t) => {
  t.like(of('v1/pods', { metadata }), {
    'metadata.name': 'a',
    'metadata.namespace': 'n',
    'spec.nodeName': '',
    'spec.restartPolicy': 'Always',
    'spec.schedulerName': 'default-scheduler',
    'spec.hostNetwork': 'false',
    'status.podIP': '',
  });
  t.is(of('v1/nodes', { metadata: { name: 'a' } })['spec.unschedulable'], 'false');
  t.is(of('v1/nodes', { metadata: { name: 'a' } })['metadata.namespace'], '');
  t.is(of('v1/services', { metadata })['spec.type'], 'ClusterIP');
  t.is(of('v1/secrets', { metadata }).type, 'Opaque');
  t.is(of('batch/v1/jobs', { metadata })['status.successful'], '0');
});

test('every supported field is read from its place', (t) => {
  const cases: readonly [key: string, object: Record<string, unknown>, fields: Record<string, string>][] = [
    [
      'v1/pods',
      {
        spec: {
          nodeName: 'e',
          restartPolicy: 'Never',
          schedulerName: 's',
          serviceAccountName: 'sa',
          hostNetwork: true,
        },
        status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], nominatedNodeName: 'x' },
      },
      {
        'spec.nodeName': 'e',
        'spec.host': 'e',
        'spec.restartPolicy': 'Never',
        'spec.schedulerName': 's',
        'spec.serviceAccountName': 'sa',
        'spec.hostNetwork': 'true',
        'status.phase': 'Running',
        'status.podIP': '10.0.0.1',
        'status.podIPs': '',
        'status.nominatedNodeName': 'x',
      },
    ],
    ['v1/pods', { status: { podIPs: [{ ip: 'fd00::1' }, { ip: '10.0.0.1' }] } }, { 'status.podIP': 'fd00::1' }],
    ['v1/pods', { status: { podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.1' }] } }, { 'status.podIP': '10.0.0.9' }],
    ['v1/nodes', { spec: { unschedulable: true } }, { 'spec.unschedulable': 'true' }],
    [
      'v1/services',
      { spec: { clusterIP: 'None', type: 'NodePort' } },
      { 'spec.clusterIP': 'None', 'spec.type': 'NodePort' },
    ],
    ['v1/secrets', { type: 'kubernetes.io/tls' }, { type: 'kubernetes.io/tls' }],
    ['v1/namespaces', { status: { phase: 'Terminating' } }, { 'status.phase': 'Terminating' }],
    ['v1/replicationcontrollers', { status: { replicas: 3 } }, { 'status.replicas': '3' }],
    ['batch/v1/jobs', { status: { succeeded: 2 } }, { 'status.successful': '2' }],
    [
      'v1/events',
      {
        involvedObject: {
          kind: 'Pod',
          namespace: 'n',
          name: 'p',
          uid: 'u',
          apiVersion: 'v1',
          resourceVersion: '5',
          fieldPath: 'f',
        },
        reason: 'Pulled',
        source: { component: 'kubelet' },
        reportingComponent: 'k',
        type: 'Normal',
      },
      {
        'involvedObject.kind': 'Pod',
        'involvedObject.namespace': 'n',
        'involvedObject.name': 'p',
        'involvedObject.uid': 'u',
        'involvedObject.apiVersion': 'v1',
        'involvedObject.resourceVersion': '5',
        'involvedObject.fieldPath': 'f',
        reason: 'Pulled',
        source: 'kubelet',
        reportingComponent: 'k',
        type: 'Normal',
      },
    ],
    ['v1/events', { reportingComponent: 'k' }, { source: 'k' }],
    [
      'events.k8s.io/v1/events',
      { regarding: { name: 'p' }, reportingController: 'k', reason: 'r', type: 'Warning' },
      { 'regarding.name': 'p', reportingController: 'k', reason: 'r', type: 'Warning' },
    ],
    [
      'certificates.k8s.io/v1/certificatesigningrequests',
      { spec: { signerName: 's/a' } },
      { 'spec.signerName': 's/a' },
    ],
    ['certificates.k8s.io/v1beta1/clustertrustbundles', { spec: { signerName: 's/a' } }, { 'spec.signerName': 's/a' }],
    [
      'certificates.k8s.io/v1beta1/podcertificaterequests',
      { spec: { nodeName: 'e', podName: 'p' } },
      { 'spec.nodeName': 'e', 'spec.podName': 'p', 'metadata.namespace': 'n' },
    ],
    [
      'resource.k8s.io/v1/resourceslices',
      { spec: { nodeName: 'e', driver: 'd' } },
      { 'spec.nodeName': 'e', 'spec.driver': 'd' },
    ],
  ];
  for (const [key, object, fields] of cases) t.like(of(key, { metadata, ...object }), fields, key);
});

test('the fields that are read are the fields that are supported, in each version', (t) => {
  const keys = [
    'v1/pods',
    'v1/events',
    'events.k8s.io/v1/events',
    'resource.k8s.io/v1beta1/resourceslices',
    'batch/v1/jobs',
  ];
  for (const key of keys) {
    const supported = supportedFields(parseGvrKey(key));
    const read = new Set(Object.keys(of(key, { metadata })));
    t.deepEqual(read, new Set([...supported!, 'metadata.namespace']), key);
  }
});

test('of a custom resource only name and namespace are known', (t) => {
  const gvr = parseGvrKey('example.com/v1/things');
  t.is(supportedFields(gvr), undefined);
  t.deepEqual(readFields(gvr, { metadata, spec: { color: 'red' } }), {
    'metadata.name': 'a',
    'metadata.namespace': 'n',
  });
  t.true(isReadableField(gvr, 'metadata.name'));
  t.false(isReadableField(gvr, 'spec.color'));
  t.false(isReadableField(gvr, 'toString'));
});

test('a node has no namespace to select by', (t) => {
  t.deepEqual(supportedFields(parseGvrKey('v1/nodes')), new Set(['metadata.name', 'spec.unschedulable']));
  t.false(isReadableField(parseGvrKey('v1/nodes'), 'metadata.namespace'));
  t.false(isReadableField(parseGvrKey('events.k8s.io/v1/events'), 'source'));
});

test('no shape of an object makes reading fail or yields anything but text', (t) => {
  const keys = fc.constantFrom('v1/pods', 'v1/events', 'v1/nodes', 'batch/v1/jobs', 'example.com/v1/things');
  const anything = fc.dictionary(
    fc.constantFrom('metadata', 'spec', 'status', 'involvedObject', 'type'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(keys, anything, (key, object) => {
      for (const value of Object.values(of(key, object))) t.is(typeof value, 'string');
    }),
  );
});
