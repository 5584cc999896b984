import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { gatherIpam } from '../../../src/cli/ipam/gather-circumstances.ts';
import { temporaryDirectory } from '../../storage/temporary-directory.ts';
import { recordTerminal } from '../../support/terminal.ts';

async function machine(t: ExecutionContext, files: Readonly<Record<string, string>>) {
  const root = temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const where = {
    confDir: join(root, 'net.d'),
    stateDir: join(root, 'cni'),
    binDirs: [join(root, 'bin')],
    dataDirs: [join(root, 'networks')],
    network: undefined,
    tmpfilesDirs: [join(root, 'etc'), join(root, 'usr')],
    processes: join(root, 'proc'),
    admin: { host: '127.0.0.1', port: 9 },
  };
  return { root, where };
}

/** An admin port whose daemon holds this Node. */
async function daemon(t: ExecutionContext, node: object): Promise<{ host: string; port: number }> {
  const server = createServer(({ url }, response) => {
    const answer = url === '/status' ? { identity: { nodeName: 'edge-7' } } : node;
    const isKnown = url === '/status' || url === '/cache/object?resource=nodes&name=edge-7';
    response.writeHead(isKnown ? 200 : 404).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

test('of a container runtime’s environment only the names of Node’s variables are told', async (t) => {
  const { where } = await machine(t, {
    'proc/7/comm': 'containerd\n',
    'proc/7/environ': 'PATH=/bin\0NODE_OPTIONS=--secret\0NODE_PATH=/x\0',
    'proc/8/comm': 'bash\n',
    'proc/8/environ': 'NODE_OPTIONS=x\0',
    'proc/self': '',
  });
  const { runtimes } = await gatherIpam(where, recordTerminal());
  t.deepEqual(runtimes, [{ name: 'containerd', pid: 7, nodeVariables: ['NODE_OPTIONS', 'NODE_PATH'] }]);
});

test('a file of tmpfiles.d hides the one of its name in a later directory', async (t) => {
  const { root, where } = await machine(t, {
    'etc/cni.conf': '# nothing\n',
    'usr/cni.conf': 'D /var/lib/cni\n',
    'usr/other.conf': '\n  R /var/lib/cni/networks  \n',
    'usr/readme': 'D /var/lib/cni\n',
  });
  const { tmpfiles } = await gatherIpam(where, recordTerminal());
  t.deepEqual(tmpfiles, [{ path: join(root, 'usr/other.conf'), text: 'R /var/lib/cni/networks' }]);
});

test('the podCIDR is the one of the Node that the daemon holds; without a daemon it is not known', async (t) => {
  const { where } = await machine(t, {});
  t.is((await gatherIpam(where, recordTerminal())).podCidrs, undefined);
  const both = await daemon(t, { spec: { podCIDR: '10.244.3.0/24', podCIDRs: ['10.244.3.0/24', 'fd00::/64'] } });
  t.deepEqual((await gatherIpam({ ...where, admin: both }, recordTerminal())).podCidrs, ['10.244.3.0/24', 'fd00::/64']);
  const none = await daemon(t, { spec: {} });
  t.deepEqual((await gatherIpam({ ...where, admin: none }, recordTerminal())).podCidrs, []);
});

test('a dataDir in memory is known by its file system, also before it is made', async (t) => {
  const plugin = (dataDir: string) =>
    JSON.stringify({ name: 'n', type: 'bridge', ipam: { type: 'holdfast-ipam', dataDir } });
  const { where } = await machine(t, {
    'net.d/10.conf': plugin('/dev/shm/holdfast-test-not-there/networks'),
    'net.d/20.conf': plugin('/proc/not-there'),
    'net.d/30.conf': '{',
    'net.d/50.conf/file': '',
  });
  await symlink('nowhere', join(where.confDir, '40.conf'));
  const { fleetingFileSystems, networks, unreadable } = await gatherIpam(where, recordTerminal());
  t.deepEqual(fleetingFileSystems, { '/dev/shm/holdfast-test-not-there/networks': 'tmpfs' });
  t.is(networks.length, 2);
  t.deepEqual(unreadable, [join(where.confDir, '30.conf'), join(where.confDir, '40.conf')]);
});
