// From host-local to holdfast-ipam and back on a network that is in use, with Debian's own bridge plugin, real network
// namespaces and the plugin as it is built. Root on Linux only.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { buildPlugin } from '../../scripts/build-plugin.ts';
import { installPlugin } from '../../src/ipam/install/install-plugin.ts';
import { readBundle } from '../../src/ipam/install/read-bundle.ts';
import { uninstallPlugin } from '../../src/ipam/install/uninstall-plugin.ts';
import { test } from './one-by-one.ts';

const debian = '/usr/lib/cni';
const root = new URL('../..', import.meta.url).pathname;

const reason =
  process.getuid?.() !== 0
    ? 'not root'
    : !existsSync(join(debian, 'bridge'))
      ? `there is no ${debian}/bridge (apt-get install containernetworking-plugins)`
      : spawnSync('ip', ['netns', 'list']).status !== 0
        ? 'no `ip netns`'
        : undefined;
if (reason !== undefined) console.log(`# SKIP holdfast-ipam under the real bridge plugin: ${reason}`);

const withBridge = reason === undefined ? test : test.skip;

withBridge('a network in use goes over to holdfast-ipam and back, and its pods keep what they have', async (t) => {
  const stage = await prepare(t);
  const { install, uninstall, start, stop, gone, reach, conf, networks } = stage;
  const original = conf();
  const [web, db] = [start('web-0', 'a1'), start('db-0', 'a2')];
  t.not(web, db);

  t.is(install().changed.length, 1);
  t.true(reach('a1', db), 'pods that run are left alone');
  // One that host-local has started is ended, and the next of its name, by the new plugin.
  stop('web-0', 'a1');
  gone('a1');
  const fresh = start('web-0', 'b1');
  stop('web-0', 'b1');
  gone('b1');
  const other = start('other', 'b2');
  t.not(other, fresh);
  t.is(start('web-0', 'b3'), fresh, 'the same pod has its address again, though another came between');
  t.true(reach('b3', db));
  t.false(reach('b3', '10.213.7.99'), 'nobody is there');
  stop('db-0', 'a2');

  const back = uninstall();
  t.is(back.restored[0]?.how, 'bytes');
  t.is(conf(), original);
  stop('web-0', 'b3');
  stop('other', 'b2');
  t.deepEqual(
    networks().filter((name) => /^\d/.test(name)),
    [],
    'host-local frees what holdfast-ipam has given out',
  );
  const last = start('web-0', 'c1');
  t.not(last, fresh, 'host-local gives the next address');
  stop('web-0', 'c1');
});

async function prepare(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-ipam-install-'));
  const [binDir, confDir, stateDir, dataDir, built] = ['bin', 'net.d', 'state', 'networks', 'built'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string, string];
  for (const one of [binDir, confDir, stateDir]) mkdirSync(one);
  const { path } = await buildPlugin(root, built);
  const file = join(confDir, '10-pods.conflist');
  const bridge = `hf${process.pid}`.slice(0, 15);
  const ipam = { type: 'host-local', dataDir, ranges: [[{ subnet: '10.213.7.0/24' }]] };
  const plugin = { type: 'bridge', bridge, isGateway: true, ipam };
  writeFileSync(file, `${JSON.stringify({ cniVersion: '1.0.0', name: 'edge-pods', plugins: [plugin] }, null, 2)}\n`);
  const namespaces = new Set<string>();
  t.teardown(() => {
    for (const id of namespaces) spawnSync('ip', ['netns', 'del', netnsOf(id)]);
    spawnSync('ip', ['link', 'del', bridge]);
    rmSync(directory, { recursive: true });
  });
  const netnsOf = (id: string): string => `${bridge}-${id}`;
  const must = (command: string, ...words: string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  /** As a runtime does it: the configuration of today, the plugins of two directories. */
  const call = (verb: 'ADD' | 'DEL', pod: string, id: string): string => {
    const { plugins, ...list } = JSON.parse(readFileSync(file, 'utf8'));
    const path = `/run/netns/${netnsOf(id)}`;
    const { status, stdout, stderr } = spawnSync(join(debian, 'bridge'), [], {
      encoding: 'utf8',
      input: JSON.stringify({ ...list, ...plugins[0] }),
      env: {
        ...process.env,
        CNI_COMMAND: verb,
        CNI_CONTAINERID: id,
        CNI_NETNS: verb === 'DEL' && !existsSync(path) ? '' : path,
        CNI_IFNAME: 'eth0',
        CNI_PATH: `${binDir}:${debian}`,
        CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod};K8S_POD_UID=u-${pod};K8S_POD_INFRA_CONTAINER_ID=${id}`,
      },
    });
    if (status !== 0) throw new Error(`${verb} ${pod} ${id}: ${stdout}${stderr}`);
    return stdout;
  };

  return {
    conf: () => readFileSync(file, 'utf8'),
    networks: () => readdirSync(join(dataDir, 'edge-pods')),
    start: (pod: string, id: string): string => {
      must('ip', 'netns', 'add', netnsOf(id));
      namespaces.add(id);
      return JSON.parse(call('ADD', pod, id)).ips[0].address.split('/')[0];
    },
    stop: (pod: string, id: string): void => void call('DEL', pod, id),
    gone: (id: string): void => {
      must('ip', 'netns', 'del', netnsOf(id));
      namespaces.delete(id);
    },
    /** Whether somebody is at the address, seen from another namespace: there nobody listens, which is said at once. */
    reach: (from: string, address: string): boolean => {
      const words = ['netns', 'exec', netnsOf(from), 'timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${address}/9`];
      return spawnSync('ip', words, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }).stderr.includes(
        'refused',
      );
    },
    install: () =>
      installPlugin({
        binDir,
        otherBinDirs: [debian],
        confDir,
        network: undefined,
        isForAll: false,
        isDryRun: false,
        node: process.execPath,
        bundle: readBundle(path),
      }),
    uninstall: () => uninstallPlugin({ binDir, confDir, stateDir, isDryRun: false, isForced: false }),
  };
}
