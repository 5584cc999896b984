// From host-local to holdfast-ipam and back, on one directory, with host-local's real binary.
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { main } from '../../../src/main.ts';
import { holdfastIpam, hostLocal } from '../../ipam/host-local/oracle.ts';
import { temporaryDirectory } from '../../storage/temporary-directory.ts';
import { recordTerminal } from '../../support/terminal.ts';

const binary = '/usr/lib/cni/host-local';
test('pods that host-local has started come back to their addresses once they are imported, and go back', async (t) => {
  if (!existsSync(binary)) {
    t.log(`SKIP: there is no ${binary} (apt-get install containernetworking-plugins)`);
    t.pass();
    return;
  }
  const directory = temporaryDirectory(t);
  const [dataDir, results] = [join(directory, 'networks'), join(directory, 'cni', 'results')];
  await mkdir(join(results, 'somebody-elses'), { recursive: true });
  const ranges = [[{ subnet: '10.244.3.0/24' }], [{ subnet: 'fd00:244:3::/64' }]];
  const stdin = JSON.stringify({
    cniVersion: '1.0.0',
    name: 'edge-pods',
    ipam: { type: 'host-local', dataDir, ranges },
  });
  const call = (CNI_COMMAND: 'ADD' | 'DEL', container: string, pod: string) => ({
    stdin,
    environment: {
      CNI_COMMAND,
      CNI_CONTAINERID: container,
      CNI_NETNS: CNI_COMMAND === 'ADD' ? join(directory, container) : '',
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/p',
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod}`,
    },
  });
  const addressesOf = ({ stdout }: { stdout: string }) =>
    (JSON.parse(stdout) as { ips: { address: string }[] }).ips.map(({ address }) => address);
  const theirs = hostLocal(binary);
  const given = new Map<string, readonly string[]>();
  for (const pod of ['web-1', 'web-2', 'web-3']) {
    given.set(pod, addressesOf(theirs(call('ADD', `old-${pod}`, pod))));
    const cniArgs = [
      ['K8S_POD_NAMESPACE', 'shop'],
      ['K8S_POD_NAME', pod],
    ];
    const netns = '/proc/self/ns/net';
    const cached = {
      kind: 'cniCacheV1',
      containerId: `old-${pod}`,
      ifName: 'eth0',
      networkName: 'edge-pods',
      netns,
      cniArgs,
    };
    await writeFile(join(results, `edge-pods-old-${pod}-eth0`), JSON.stringify(cached));
  }

  const run = async (...words: readonly string[]) => {
    const terminal = recordTerminal({ now: () => new Date() });
    const places = [`--ipam-data-dir=${dataDir}`, `--cni-state-dir=${join(directory, 'cni')}`];
    t.is(await main(['ipam', ...words, ...places], terminal), 0, terminal.complained.join('\n'));
    return terminal.printed.join('\n');
  };
  t.regex(await run('import'), /6 addresses put on record/);

  const pods = ['web-3', 'web-1', 'web-2'];
  for (const pod of pods) t.is(holdfastIpam(call('DEL', `old-${pod}`, pod)).exitCode, 0);
  t.regex(await run('ls'), /0 held, 6 kept for their pods, 0 leaked/);
  for (const pod of pods) t.deepEqual(addressesOf(holdfastIpam(call('ADD', `new-${pod}`, pod))), given.get(pod), pod);
  t.regex(await run('audit', given.get('web-2')![0]!.replace(/\/.*/, '')), /shop\/web-2 +eth0 +held .* now +new-web-2/);

  for (const pod of pods) t.is(theirs(call('DEL', `new-${pod}`, pod)).exitCode, 0);
  t.deepEqual(
    readdirSync(join(dataDir, 'edge-pods')).filter((name) => /^(10\.|fd)/.test(name)),
    [],
  );
  t.regex(await run('ls', '--parked'), /0 held, 6 kept/);
});
