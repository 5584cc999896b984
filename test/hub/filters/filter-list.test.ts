// Each filter by itself: what it shows of the objects it is for, and that it leaves all others alone.
import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { readObject } from '../../../src/apimachinery/object.ts';
import { filterList } from '../../../src/hub/filters/filter-list.ts';
import { ObjectView } from '../../../src/hub/filters/object-view.ts';
import { type FilterFacts, nothingKnown } from '../../../src/hub/filters/response-filter.ts';

const facts: FilterFacts = {
  hub: { host: '169.254.2.1', port: 10268 },
  authority: '-----BEGIN CERTIFICATE-----\nhub\n-----END CERTIFICATE-----\n',
  nodeName: 'edge-1',
  ...nothingKnown,
};
const inPool: FilterFacts['pool'] = { own: 'shanghai', nodes: new Set(['edge-1', 'edge-2']) };

const gvrs = {
  Service: { group: '', version: 'v1', resource: 'services' },
  ConfigMap: { group: '', version: 'v1', resource: 'configmaps' },
  Endpoints: { group: '', version: 'v1', resource: 'endpoints' },
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
};
type Kind = keyof typeof gvrs;

// biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
type Any = any;

/** Through one filter, or several with `+` between them; 'same' when not a byte has changed. */
function shown(name: string, kind: Kind, object: object, more: Partial<FilterFacts> = {}): Any {
  const names = name.split('+');
  const filters = filterList.filter((one) => names.includes(one.name));
  if (filters.length !== names.length) throw new TypeError(`no filter ${name}`);
  const gvr = gvrs[kind];
  const apiVersion = gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`;
  const body = Buffer.from(JSON.stringify({ kind, apiVersion, ...object }));
  const read = readObject(gvr, body);
  const result = new ObjectView(filters, { ...facts, ...more }).show(read);
  if (result === read) return 'same';
  return result === undefined ? undefined : JSON.parse(result.body.toString());
}

const kubernetes = {
  metadata: { name: 'kubernetes', namespace: 'default', resourceVersion: '7' },
  spec: {
    clusterIP: '10.96.0.1',
    clusterIPs: ['10.96.0.1', 'fd00::1'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'PreferDualStack',
    ports: [
      { name: 'https', port: 443, targetPort: 6443 },
      { name: 'other', port: 9 },
    ],
  },
};

test('master-service: kubelet sees default/kubernetes at the address and port of the hub', (t) => {
  const { spec, metadata } = shown('master-service', 'Service', kubernetes);
  t.deepEqual(metadata, kubernetes.metadata);
  t.like(spec, { clusterIP: '169.254.2.1', ipFamilyPolicy: 'SingleStack' });
  t.deepEqual(spec.clusterIPs, ['169.254.2.1']);
  t.deepEqual(spec.ipFamilies, ['IPv4']);
  t.deepEqual(spec.ports, [{ name: 'https', port: 10268, targetPort: 6443 }, kubernetes.spec.ports[1]]);
  t.deepEqual(shown('master-service', 'Service', kubernetes, { hub: { host: 'fd00::2:1', port: 1 } }).spec.ipFamilies, [
    'IPv6',
  ]);
});

test('master-service: no other Service is touched, and none while the hub has no address for pods', (t) => {
  for (const [namespace, name] of [
    ['default', 'web'],
    ['shop', 'kubernetes'],
  ] as const) {
    t.is(shown('master-service', 'Service', { ...kubernetes, metadata: { name, namespace } }), 'same');
  }
  t.is(shown('master-service', 'Service', kubernetes, { hub: undefined }), 'same');
});

const slice = {
  metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['192.0.2.1'], conditions: { ready: false } },
    { addresses: ['192.0.2.2'], conditions: { ready: true } },
  ],
  ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
};

test('kubernetes-endpoints: default/kubernetes leads kube-proxy to one ready endpoint, the hub', (t) => {
  const changed = shown('kubernetes-endpoints', 'EndpointSlice', slice);
  t.deepEqual(changed.endpoints, [{ addresses: ['169.254.2.1'], conditions: { ready: true }, nodeName: 'edge-1' }]);
  t.deepEqual(changed.ports, [{ name: 'https', protocol: 'TCP', port: 10268 }]);
  const metadata = { name: 'kubernetes', namespace: 'default' };
  const endpoints = {
    metadata,
    subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'https', port: 6443 }] }],
  };
  t.deepEqual(shown('kubernetes-endpoints', 'Endpoints', endpoints).subsets, [
    {
      addresses: [{ ip: '169.254.2.1', nodeName: 'edge-1' }],
      ports: [{ name: 'https', port: 10268, protocol: 'TCP' }],
    },
  ]);
});

test('kubernetes-endpoints: the hub is near, whatever topology default/kubernetes asks for', (t) => {
  const both = 'kubernetes-endpoints+service-topology';
  for (const key of ['kubernetes.io/hostname', 'openyurt.io/nodepool', 'kubernetes.io/zone']) {
    for (const pool of [inPool, { own: '', nodes: undefined }]) {
      const more = { pool, topology: new Map([['default/kubernetes', key]]) };
      t.is(shown(both, 'EndpointSlice', slice, more).endpoints.length, 1, key);
      const endpoints = {
        metadata: { name: 'kubernetes', namespace: 'default' },
        subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'https', port: 6443 }] }],
      };
      t.is(shown(both, 'Endpoints', endpoints, more).subsets.length, 1, key);
    }
  }
});

test('kubernetes-endpoints: a slice of the other address family stays as it is', (t) => {
  t.is(shown('kubernetes-endpoints', 'EndpointSlice', { ...slice, addressType: 'IPv6' }), 'same');
  const other = { ...slice.metadata, labels: { 'kubernetes.io/service-name': 'web' } };
  t.is(shown('kubernetes-endpoints', 'EndpointSlice', { ...slice, metadata: other }), 'same');
});

test('root-ca: kubelet sees the authority of the hub behind that of the cluster, once', (t) => {
  const metadata = { name: 'kube-root-ca.crt', namespace: 'shop' };
  const changed = shown('root-ca', 'ConfigMap', { metadata, data: { 'ca.crt': 'cluster', more: 'x' } });
  t.deepEqual(changed.data, { 'ca.crt': `cluster\n${facts.authority}`, more: 'x' });
  t.is(shown('root-ca', 'ConfigMap', { metadata, data: changed.data }), 'same');
  t.is(shown('root-ca', 'ConfigMap', { metadata, data: {} }), 'same');
  t.is(shown('root-ca', 'ConfigMap', { metadata: { ...metadata, name: 'x' }, data: { 'ca.crt': 'c' } }), 'same');
});

test('in-cluster-config: the address of the cloud is taken out of the configuration of kube-proxy', (t) => {
  const metadata = { name: 'kube-proxy', namespace: 'kube-system' };
  const before =
    'clientConnection:\n  burst: 0\n  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf\n  qps: 0\nmode: ""\n';
  const data = { 'config.conf': before, 'kubeconfig.conf': 'server: https://cloud' };
  t.deepEqual(shown('in-cluster-config', 'ConfigMap', { metadata, data }).data, {
    'config.conf': 'clientConnection:\n  burst: 0\n  kubeconfig: ""\n  qps: 0\nmode: ""\n',
    'kubeconfig.conf': 'server: https://cloud',
  });
  t.is(shown('in-cluster-config', 'ConfigMap', { metadata: { ...metadata, namespace: 'shop' }, data }), 'same');
  t.is(shown('in-cluster-config', 'ConfigMap', { metadata, data: { 'config.conf': 'mode: ""' } }), 'same');
});

const service = (type: string, annotations: JsonObject, name = 'web', namespace = 'shop'): object => ({
  metadata: { name, namespace, annotations },
  spec: { type },
});

test('discard-cloud-service: a LoadBalancer that says so is not shown, nor is the tunnel server', (t) => {
  const discarded = { 'svc.openyurt.io/discard': 'true' };
  t.is(shown('discard-cloud-service', 'Service', service('LoadBalancer', discarded)), undefined);
  t.is(shown('discard-cloud-service', 'Service', service('ClusterIP', discarded)), 'same');
  t.is(
    shown('discard-cloud-service', 'Service', service('LoadBalancer', { 'svc.openyurt.io/discard': 'false' })),
    'same',
  );
  t.is(shown('discard-cloud-service', 'Service', service('LoadBalancer', {})), 'same');
  const tunnel = service('ClusterIP', {}, 'x-tunnel-server-internal-svc', 'kube-system');
  t.is(shown('discard-cloud-service', 'Service', tunnel), undefined);
  t.is(shown('discard-cloud-service', 'Service', service('ClusterIP', {}, 'x-tunnel-server-internal-svc')), 'same');
});

for (const [listen, isShown] of [
  ['shanghai', true],
  ['beijing', false],
  ['beijing, shanghai', true],
  ['*', true],
  ['*,-shanghai', false],
  ['-shanghai,*', false],
  ['*,-beijing', true],
  ['-beijing', false],
  ['', false],
] as const) {
  test(`nodeport-isolation: '${listen}' is ${isShown ? '' : 'not '}for the pool shanghai`, (t) => {
    const annotated = service('NodePort', { 'nodeport.openyurt.io/listen': listen });
    t.is(shown('nodeport-isolation', 'Service', annotated, { pool: inPool }), isShown ? 'same' : undefined);
  });
}

test('nodeport-isolation: a node without a pool, or whose pool is not known, is shown every Service', (t) => {
  const annotations = { 'nodeport.openyurt.io/listen': 'beijing' };
  const annotated = service('NodePort', annotations);
  t.is(shown('nodeport-isolation', 'Service', annotated, { pool: { own: '', nodes: undefined } }), 'same');
  t.is(shown('nodeport-isolation', 'Service', annotated), 'same');
  t.is(shown('nodeport-isolation', 'Service', service('ClusterIP', annotations), { pool: inPool }), 'same');
  t.is(shown('nodeport-isolation', 'Service', service('NodePort', {}), { pool: inPool }), 'same');
});

const spread = {
  metadata: { name: 'web-x1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['10.0.0.1'], nodeName: 'edge-1' },
    { addresses: ['10.0.0.2'], nodeName: 'edge-2' },
    { addresses: ['10.0.0.3'], nodeName: 'edge-3' },
    { addresses: ['10.0.0.4'] },
  ],
  ports: [{ port: 80 }],
};

const topologyOf = (value: string): FilterFacts['topology'] => new Map([['shop/web', value]]);
const near = (more: Partial<FilterFacts>): Any => {
  const changed = shown('service-topology', 'EndpointSlice', spread, more);
  return changed === 'same' ? 'same' : changed.endpoints.map(({ nodeName }: Any) => nodeName);
};

test('service-topology: hostname keeps the endpoints of this node, nodepool and zone those of its pool', (t) => {
  t.deepEqual(near({ topology: topologyOf('kubernetes.io/hostname') }), ['edge-1']);
  for (const key of ['openyurt.io/nodepool', 'kubernetes.io/zone']) {
    t.deepEqual(near({ topology: topologyOf(key), pool: inPool }), ['edge-1', 'edge-2']);
    t.deepEqual(near({ topology: topologyOf(key), pool: { own: '', nodes: undefined } }), ['edge-1'], 'no pool');
  }
});

test('service-topology: what is not completely known filters nothing', (t) => {
  t.is(near({}), 'same');
  t.is(near({ topology: new Map() }), 'same');
  t.is(near({ topology: topologyOf('example.com/rack'), pool: inPool }), 'same');
  t.is(near({ topology: topologyOf('openyurt.io/nodepool') }), 'same');
  t.is(near({ topology: topologyOf('openyurt.io/nodepool'), pool: { own: 'shanghai', nodes: undefined } }), 'same');
});

test('service-topology: a slice with nothing near is shown empty, not left out', (t) => {
  t.deepEqual(near({ topology: topologyOf('kubernetes.io/hostname'), nodeName: 'edge-9' }), []);
});

test('service-topology: Endpoints are kept near like slices', (t) => {
  const at = (ip: string, nodeName: string): object => ({ ip, nodeName });
  const endpoints = {
    metadata: { name: 'web', namespace: 'shop' },
    subsets: [
      {
        addresses: [at('10.0.0.1', 'edge-1'), at('10.0.0.3', 'edge-3')],
        notReadyAddresses: [at('10.0.0.4', 'edge-3')],
        ports: [{ port: 80 }],
      },
      { addresses: [at('10.0.0.5', 'edge-3')], ports: [{ port: 81 }] },
    ],
  };
  const changed = shown('service-topology', 'Endpoints', endpoints, { topology: topologyOf('kubernetes.io/hostname') });
  t.deepEqual(changed.subsets, [{ addresses: [at('10.0.0.1', 'edge-1')], ports: [{ port: 80 }] }]);
});

test('integers that no double holds pass through a filter digit for digit', (t) => {
  const text =
    '{"kind":"Service","apiVersion":"v1","metadata":{"name":"kubernetes","namespace":"default"},"spec":{"ports":[],"x":12345678901234567890}}';
  const [master] = filterList;
  const read = readObject(gvrs.Service, Buffer.from(text));
  t.true(new ObjectView([master!], facts).show(read)?.body.includes('12345678901234567890'));
});
