// Against the host-local that Debian 12 ships. test/e2e/host-local.test.ts has the newest release.
import { existsSync } from 'node:fs';
import test from 'ava';
import { compareCalls, compareRows } from './compare.ts';
import { differences } from './differences.ts';

const binary = '/usr/lib/cni/host-local';
const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0'];

const isThere = existsSync(binary);
if (!isThere) {
  console.log(
    `# SKIP the comparison with host-local: there is no ${binary} (apt-get install containernetworking-plugins)`,
  );
}
const withHostLocal = isThere ? test : test.skip;

withHostLocal(
  'rows of calls are answered byte for byte as host-local 1.1.1 answers them, and leave the same files',
  (t) => {
    compareRows(t, { of: '1.1.1', binary, versions, rows: 60 });
  },
);

withHostLocal('in every version an address is given out, found and freed as host-local 1.1.1 does it', (t) => {
  for (const cniVersion of versions) {
    compareCalls(t, { of: '1.1.1', binary }, (dataDir) => {
      const stdin = JSON.stringify({
        cniVersion,
        name: 'mynet',
        ipam: {
          dataDir,
          ranges: [[{ subnet: '10.1.2.0/24' }], [{ subnet: '2001:db8:1::/64' }]],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: '2001:db8:1::1' }],
        },
      });
      const call = (CNI_COMMAND: string, CNI_CONTAINERID: string) => ({
        environment: { CNI_COMMAND, CNI_CONTAINERID, CNI_NETNS: '/n', CNI_IFNAME: 'eth0', CNI_PATH: '/p' },
        stdin,
      });
      const rows = ['ADD c1', 'ADD c2', 'ADD c1', 'CHECK c1', 'CHECK c3', 'DEL c1', 'DEL c1', 'ADD c3', 'DEL c2'];
      return rows.map((row) => call(...(row.split(' ') as [string, string])));
    });
  }
});

test('the table of differences says of each what it is', (t) => {
  t.is(new Set(differences.map(({ what }) => what)).size, differences.length);
});
