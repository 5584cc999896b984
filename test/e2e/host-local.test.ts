// The plugin against the newest release of host-local; test/ipam/host-local/debian.test.ts has the one that Debian ships.

import { supportedVersions } from '../../src/ipam/cni/spec-version.ts';
import { compareCalls, compareRows } from '../ipam/host-local/compare.ts';
import { binaries } from './build-binaries.ts';
import { test } from './one-by-one.ts';

test('rows of calls are answered byte for byte as the newest host-local answers them, and leave the same files', async (t) => {
  const { 'host-local': binary } = await binaries(['host-local']);
  compareRows(t, { of: 'current', binary, versions: supportedVersions, rows: 300 });
});

test('a full answer is the same in every version', async (t) => {
  const { 'host-local': binary } = await binaries(['host-local']);
  for (const cniVersion of supportedVersions) {
    compareCalls(t, { of: 'current', binary }, (dataDir) => {
      const routes = [
        { dst: '0.0.0.0/0', gw: '10.1.2.9', mtu: 1400, advmss: 1360, priority: 10, table: 0, scope: 253 },
        { dst: '::/0' },
        {},
      ];
      const ranges = [[{ subnet: '10.1.2.0/24' }], [{ subnet: '2001:db8:1::/64' }]];
      const environment = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/n', CNI_IFNAME: 'eth0', CNI_PATH: '/p' };
      const stdin = JSON.stringify({ cniVersion, name: 'mynet', ipam: { dataDir, ranges, routes } });
      return ['ADD', 'CHECK', 'DEL'].map((verb) => ({ environment: { ...environment, CNI_COMMAND: verb }, stdin }));
    });
  }
});
