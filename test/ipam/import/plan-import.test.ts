import test from 'ava';
import { parseCachedResult } from '../../../src/ipam/import/cached-result.ts';
import { parseMarker } from '../../../src/ipam/import/marker.ts';
import { planImport } from '../../../src/ipam/import/plan-import.ts';
import { factsOf, networkState, reservationOf, retentionRecord } from '../../support/network-state.ts';

const pod = { namespace: 'shop', name: 'web-1', uid: 'u1' };
const cached = { containerId: 'c1', ifname: 'eth0', netns: '/run/netns/cni-1', pod };
const result = { network: 'edge-pods', containerId: 'c9', ifname: 'eth0', netns: '', pod, addresses: ['10.244.3.9'] };
const none = { markers: [], cachedResults: [] };

const file = {
  kind: 'cniCacheV1',
  containerId: 'c1',
  config: 'e30=',
  ifName: 'eth0',
  networkName: 'edge-pods',
  netns: '/run/netns/cni-1',
  cniArgs: [
    ['K8S_POD_NAME', 'web-1'],
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAMESPACE', 'shop'],
    ['K8S_POD_UID', 'u1'],
  ],
  result: { cniVersion: '1.0.0', ips: [{ address: '10.244.3.7/24' }, { address: 'FD00::7/64' }] },
};

test('a marker names address, namespace and pod; other files are none', (t) => {
  t.deepEqual(parseMarker('10.244.3.7_shop_web-1'), { address: '10.244.3.7', namespace: 'shop', name: 'web-1' });
  t.deepEqual(parseMarker('fd00:0::7_shop_a.b'), { address: 'fd00::7', namespace: 'shop', name: 'a.b' });
  for (const name of [
    '10.244.3.7',
    'lock',
    'last_reserved_ip.0',
    '10.244.3.7_shop',
    '10.244.3.7__web',
    '10.1.2.3_a_b_c',
  ]) {
    t.is(parseMarker(name), undefined, name);
  }
});

test('libcni’s cache tells pod and addresses of an ADD, in every form of a result', (t) => {
  const read = (changes: object) => parseCachedResult(JSON.stringify({ ...file, ...changes }));
  const { containerId, ifname, netns } = cached;
  const expected = { network: 'edge-pods', containerId, ifname, netns, pod, addresses: ['10.244.3.7', 'fd00::7'] };
  t.deepEqual(read({}), expected);
  t.deepEqual(read({ result: { ip4: { ip: '10.244.3.7/24' } } })?.addresses, ['10.244.3.7']);
  t.deepEqual(read({ result: undefined })?.addresses, []);
  t.is(read({ kind: 'cniNothing' }), undefined);
  t.is(read({ cniArgs: null }), undefined);
  t.is(parseCachedResult('{"kind":"cniCac'), undefined);
});

test('a held address is its pod’s as libcni knows, also against a marker', (t) => {
  const state = networkState({ reservations: [reservationOf('10.244.3.7', 'c1')] });
  const markers = [{ address: '10.244.3.7', namespace: 'shop', name: 'of-before' }];
  const { proposals, skipped } = planImport(state, factsOf({ cached: [cached] }), { ...none, markers });
  const adoption = { address: '10.244.3.7', ...pod, ifname: 'eth0', containerId: 'c1', netns: '/run/netns/cni-1' };
  t.deepEqual(proposals, [{ adoption, source: 'libcni', isHeld: true }]);
  t.deepEqual(skipped, []);
});

test('where libcni knows nothing a marker tells, and where nothing tells the address is left alone', (t) => {
  const reservations = [reservationOf('10.244.3.7', 'c1'), reservationOf('10.244.3.8', 'c2')];
  const markers = [{ address: '10.244.3.7', namespace: 'shop', name: 'web-1' }];
  const { proposals, skipped } = planImport(networkState({ reservations }), factsOf(), { ...none, markers });
  t.deepEqual(
    proposals.map(({ adoption, source }) => [adoption.address, adoption.name, adoption.containerId, source]),
    [['10.244.3.7', 'web-1', 'c1', 'marker']],
  );
  t.deepEqual(
    skipped.map(({ address }) => address),
    ['10.244.3.8'],
  );
});

test('what nobody holds is kept for its pod, once for each family', (t) => {
  const markers = [
    { address: '10.244.3.7', namespace: 'shop', name: 'web-1' },
    { address: 'fd00::7', namespace: 'shop', name: 'web-1' },
    { address: '10.244.3.11', namespace: 'shop', name: 'web-1' },
  ];
  const cachedResults = [result, { ...result, network: 'another', addresses: ['10.244.3.12'] }];
  const { proposals, skipped } = planImport(networkState(), factsOf(), { markers, cachedResults });
  t.deepEqual(
    proposals.map(({ adoption, isHeld }) => [adoption.address, adoption.containerId, isHeld]),
    [
      ['10.244.3.7', '', false],
      ['fd00::7', '', false],
    ],
  );
  t.deepEqual(skipped, [
    { address: '10.244.3.11', reason: 'shop/web-1 has 10.244.3.7 already' },
    { address: '10.244.3.9', reason: 'shop/web-1 has 10.244.3.7 already' },
  ]);
});

test('what is on record stays as it is', (t) => {
  const state = networkState({
    reservations: [reservationOf('10.244.3.7', 'c1')],
    records: [retentionRecord(), retentionRecord({ address: '10.244.3.9', name: 'web-2', state: 'pinned' })],
  });
  const markers = [{ address: '10.244.3.9', namespace: 'shop', name: 'web-3' }];
  const plan = planImport(state, factsOf({ cached: [cached] }), { markers, cachedResults: [result] });
  t.deepEqual(plan, { proposals: [], skipped: [] });
});
