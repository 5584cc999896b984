import test from 'ava';
import { type IpamCircumstances, ipamFindings } from '../../../src/hub/doctor/ipam-findings.ts';
import { configuredNetworks } from '../../../src/ipam/inspect/configured-networks.ts';

const dataDir = '/var/lib/cni/networks';
const path = '/etc/cni/net.d/10-edge.conflist';
const network = {
  path,
  network: 'edge-pods',
  pluginType: 'bridge',
  ipamType: 'holdfast-ipam',
  dataDir,
  subnets: ['10.244.3.0/24', 'fd00:244:3::/64'],
  mistake: undefined,
  unknownWords: [],
};
const plugin = {
  path: '/opt/cni/bin/holdfast-ipam',
  is: 'ours',
  isExecutable: true,
  isNodeUnseen: false,
  missing: [],
  version: '1.0',
  isAsBrought: true,
} as const;
const healthy: IpamCircumstances = {
  networks: [network],
  unreadable: [],
  binDirs: ['/opt/cni/bin'],
  plugins: [plugin],
  version: '1.0',
  fleetingFileSystems: {},
  tmpfiles: [{ path: '/usr/lib/tmpfiles.d/tmp.conf', text: 'q /tmp 1777 root root 10d' }],
  podCidrs: ['10.244.3.0/24', 'fd00:244:3::/64'],
  hasFlock: true,
  runtimes: [{ name: 'containerd', pid: 7, nodeVariables: [] }],
  nowMs: Date.UTC(2026, 10, 21),
  leaked: [],
};
const line = (text: string) => ({ path: '/usr/lib/tmpfiles.d/cni.conf', text });

const rows: readonly (readonly [string, Partial<IpamCircumstances>, readonly string[]])[] = [
  ['a node where all is well', {}, []],
  ['no network of ours', { networks: [{ ...network, ipamType: 'host-local' }] }, ['note ipam-unused']],
  ['a configuration that is no JSON', { unreadable: [path] }, ['warning ipam-configuration']],
  ['an ipam section that cannot be used', { networks: [{ ...network, mistake: 'x' }] }, ['problem ipam-configuration']],
  ['a misspelt word', { networks: [{ ...network, unknownWords: ['tll'] }] }, ['warning ipam-configuration']],
  ['a Node that cannot be seen from here', { plugins: [{ ...plugin, isNodeUnseen: true }] }, ['warning ipam-node']],
  ['no plugin', { plugins: [] }, ['problem ipam-plugin']],
  ['another program of the name', { plugins: [{ ...plugin, is: 'foreign' }] }, ['problem ipam-shadowed']],
  ['another program before it', { plugins: [{ ...plugin, is: 'foreign' }, plugin] }, ['problem ipam-shadowed']],
  ['another program behind it', { plugins: [plugin, { ...plugin, is: 'foreign' }] }, []],
  ['a plugin that may not be executed', { plugins: [{ ...plugin, isExecutable: false }] }, ['problem ipam-plugin']],
  ['a plugin whose Node is gone', { plugins: [{ ...plugin, missing: ['/usr/bin/node'] }] }, ['problem ipam-plugin']],
  ['a plugin that was changed', { plugins: [{ ...plugin, isAsBrought: false }] }, ['warning ipam-version']],
  ['a plugin of another version', { version: '2.0' }, ['note ipam-version']],
  ['a dataDir in memory', { fleetingFileSystems: { [dataDir]: 'tmpfs' } }, ['problem ipam-directory']],
  ['a dataDir that is emptied', { tmpfiles: [line('D! /var/lib/cni 0755 root root -')] }, ['problem ipam-wiped']],
  ['a range outside the podCIDR', { podCidrs: ['10.244.4.0/24', 'fd00:244:3::/64'] }, ['problem ipam-ranges']],
  ['ranges within a larger podCIDR', { podCidrs: ['10.244.0.0/16', 'fd00:244::/32'] }, []],
  ['a range larger than the podCIDR', { podCidrs: ['10.244.3.0/25', 'fd00:244:3::/64'] }, ['problem ipam-ranges']],
  ['no daemon to ask for the podCIDR', { podCidrs: undefined }, []],
  ['a cluster without podCIDRs', { podCidrs: [] }, []],
  ['ranges that come from elsewhere', { networks: [{ ...network, subnets: ['usePodCidr'] }] }, []],
  ['no flock', { hasFlock: false }, ['warning ipam-flock']],
  [
    'a variable that the wrapper clears',
    { runtimes: [{ name: 'crio', pid: 7, nodeVariables: ['NODE_OPTIONS'] }] },
    ['note ipam-environment'],
  ],
  [
    'a variable that it does not clear',
    { runtimes: [{ name: 'crio', pid: 7, nodeVariables: ['NODE_ICU_DATA'] }] },
    ['warning ipam-environment'],
  ],
  ['a clock of before 2024', { nowMs: 0 }, ['warning ipam-clock']],
  ['a leak', { leaked: [{ network: 'edge-pods', address: '10.244.3.9' }] }, ['warning ipam-leaked']],
];

for (const [title, changes, expected] of rows) {
  test(`what loses addresses is found: ${title}`, (t) => {
    const findings = ipamFindings({ ...healthy, ...changes });
    t.deepEqual(
      findings.map(({ level, check }) => `${level} ${check}`),
      expected,
    );
    for (const { says, advice } of findings) t.true(says.length > 20 && advice.length > 3);
  });
}

const wipes: readonly (readonly [string, boolean])[] = [
  ['D /var/lib/cni/networks 0755 root root -', true],
  ['D /var/lib/cni 0755 root root -', true],
  ['D /var/lib/cni/networks/edge-pods - - - -', false],
  ['R! /var/lib/cni/networks', true],
  ['R /var/lib/c*', true],
  ['R /var/lib/cni/networks/*', true],
  ['r! /var/lib/cni/networks/*/last_reserved_ip.*', true],
  ['r /var/lib/cni', false],
  ['d /var/lib/cni 0755 root root 10d', true],
  ['d /var/lib/cni 0755 root root -', false],
  ['d /var/lib/cni', false],
  ['D /var/lib/cnix 0755 root root -', false],
  ['q /var/tmp 1777 root root 30d', false],
  ['L /var/lib/cni - - - - /data/cni', false],
];

for (const [text, isWiped] of wipes) {
  test(`tmpfiles.d ${isWiped ? 'empties' : 'spares'} the directory by: ${text}`, (t) => {
    const checks = ipamFindings({ ...healthy, tmpfiles: [line(text)] }).map(({ check }) => check);
    t.deepEqual(checks, isWiped ? ['ipam-wiped'] : []);
  });
}

test('a line that spares the directory spares it from what goes by age, not from what goes at boot', (t) => {
  const found = (texts: readonly string[]) => ipamFindings({ ...healthy, tmpfiles: texts.map(line) }).length;
  t.is(found(['d /var/lib/cni - - - 10d', 'x /var/lib/cni/networks']), 0);
  t.is(found(['D /var/lib/cni - - - -', 'x /var/lib/cni/networks']), 1);
});

test('networks are read from lists and single plugins, with flannel’s silence and host-local’s old style', (t) => {
  const read = (json: object) =>
    configuredNetworks('f', JSON.stringify(json))?.map((one) => [
      one.network,
      one.ipamType,
      one.dataDir,
      ...one.subnets,
    ]);
  const ipam = {
    type: 'holdfast-ipam',
    dataDir: '/data',
    ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]],
  };
  t.deepEqual(read({ name: 'a', plugins: [{ type: 'bridge', ipam }, { type: 'portmap' }] }), [
    ['a', 'holdfast-ipam', '/data', '10.1.0.0/24', 'fd00::/64'],
  ]);
  t.deepEqual(read({ name: 'a', type: 'ptp', ipam: { type: 'host-local', subnet: '10.1.0.0/24' } }), [
    ['a', 'host-local', dataDir, '10.1.0.0/24'],
  ]);
  t.deepEqual(read({ name: 'cbr0', plugins: [{ type: 'flannel' }] }), [['cbr0', 'host-local', dataDir]]);
  t.deepEqual(read({ name: 'l', plugins: [{ type: 'loopback' }] }), []);
  t.is(configuredNetworks('f', '{'), undefined);
  t.is(configuredNetworks('f', '[]'), undefined);
});

test('what the plugin would refuse is known from the configuration alone', (t) => {
  const read = (ipam: object, more: object = {}) => {
    const plugin = { type: 'bridge', ipam: { type: 'holdfast-ipam', subnet: '10.1.0.0/24', ...ipam } };
    const text = JSON.stringify({ cniVersion: '1.0.0', name: 'a', plugins: [{ ...plugin, ...more }] });
    const [found] = configuredNetworks('f', text)!;
    return [found!.mistake, ...found!.unknownWords];
  };
  t.deepEqual(read({ retain: { ttl: '24h', cooldown: '60s', steal: 'none', enabled: true } }), [undefined]);
  t.deepEqual(read({ subnet: '10.1.0.0/33' }), ['invalid CIDR address: 10.1.0.0/33']);
  t.regex(read({ subnet: '10.1.0.7/24' })[0]!, /host bits set.*10\.1\.0\.0/);
  t.regex(read({ retain: { ttl: 'soon' } })[0]!, /ipam\.retain\.ttl cannot be "soon": write a duration/);
  t.regex(configuredNetworks('f', '{"name":"a b","ipam":{"type":"holdfast-ipam"}}')![0]!.mistake!, /network name: a b/);
  t.deepEqual(read({ retain: { tll: '1h' } }), [undefined, 'tll']);
  t.regex(read({ dataDir: 'networks' })[0]!, /dataDir networks is taken from wherever/);
  t.deepEqual(read({ subnet: '10.1.0.0/33', type: 'host-local' }), [undefined], 'host-local says so itself');
  t.deepEqual(read({ subnet: undefined }, { type: 'flannel' }), [undefined], 'flannel fills the ranges in');
  t.deepEqual(read({ subnet: undefined }), ['no IP ranges specified']);
});
