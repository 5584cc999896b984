// The samples of docs/ipam-networks.md as they stand there, over a loss of power, with the plugins that they name. Root on
// Linux only; plugins besides Debian's are taken from HOLDFAST_CNI_PLUGINS.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { buildPlugin } from '../../scripts/build-plugin.ts';
import { bundleName, wrapperText } from '../../src/ipam/install/wrapper.ts';
import { test } from './one-by-one.ts';

const root = new URL('../..', import.meta.url).pathname;
const directories = ['/usr/lib/cni', process.env.HOLDFAST_CNI_PLUGINS ?? ''].filter((one) => one !== '');

interface Conflist {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly { readonly type: string; readonly ipam?: object }[];
}

const withBridge = testWhere('bridge', 'portmap');
const withFlannel = testWhere('flannel', 'bridge', 'portmap');

withBridge('by the sample for bridge pods have both their addresses again after a loss of power', (t) =>
  goThroughPowerLoss(t, sampleOf('bridge'), { families: 2 }),
);

withFlannel('by the sample for flannel pods have their addresses again after a loss of power', (t) =>
  goThroughPowerLoss(t, sampleOf('flannel'), { families: 1 }),
);

async function goThroughPowerLoss(t: ExecutionContext, sample: Conflist, { families }: { families: number }) {
  const node = await nodeWith(t, sample);
  const names = ['web-0', 'db-0', 'other'];
  const before = names.map((pod, index) => node.add(pod, `a${index}`));
  for (const addresses of before) t.is(addresses.length, families);
  t.is(new Set(before.flat()).size, names.length * families);

  node.losePower();
  node.del('web-0', 'a0');
  const newcomer = node.add('newcomer', 'b3');
  for (const index of [2, 0, 1]) t.deepEqual(node.add(names[index]!, `b${index}`), before[index], names[index]);
  for (const address of newcomer) t.false(before.flat().includes(address));
  node.del('db-0', 'a1');
  node.del('db-0', 'b1');
  t.deepEqual(node.add('db-0', 'c1'), before[1], 'a late DEL of before has freed nothing');
}

function testWhere(...plugins: readonly string[]): typeof test | typeof test.skip {
  const missing = plugins.filter((name) => !directories.some((directory) => existsSync(join(directory, name))));
  const reason =
    process.getuid?.() !== 0
      ? 'not root'
      : spawnSync('ip', ['netns', 'list']).status !== 0
        ? 'no `ip netns`'
        : missing.length > 0
          ? `no CNI plugin ${missing.join(', ')} in ${directories.join(', ')} (HOLDFAST_CNI_PLUGINS)`
          : undefined;
  if (reason === undefined) return test;
  console.log(`# SKIP the sample for ${plugins[0]}: ${reason}`);
  return test.skip;
}

/** The first block of JSON under a heading of the page. */
function sampleOf(heading: string): Conflist {
  const page = readFileSync(join(root, 'docs', 'ipam-networks.md'), 'utf8');
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  return JSON.parse(/```json\n(.*?)```/s.exec(section)![1]!);
}

/** A machine in a network namespace of its own. What it keeps is in a directory of the test's. */
async function nodeWith(t: ExecutionContext, sample: Conflist) {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-samples-'));
  const binDir = join(directory, 'bin');
  mkdirSync(binDir);
  await buildPlugin(root, binDir);
  writeFileSync(join(binDir, 'holdfast-ipam'), wrapperText(process.execPath, bundleName), { mode: 0o755 });
  const subnetFile = join(directory, 'subnet.env');
  writeFileSync(
    subnetFile,
    'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n',
  );
  const bootId = join(directory, 'boot-id');
  const [prefix, path] = [`hfs${process.pid}`, [binDir, ...directories].join(':')];
  const namespaces = new Set<string>();
  const must = (command: string, words: readonly string[], more: object = {}): string => {
    const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', ...more });
    if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const addNamespace = (name: string): void => {
    must('ip', ['netns', 'add', `${prefix}-${name}`]);
    namespaces.add(name);
  };
  const removeNamespaces = (): void => {
    for (const name of namespaces) must('ip', ['netns', 'del', `${prefix}-${name}`]);
    namespaces.clear();
  };
  const boot = (): void => {
    writeFileSync(bootId, `${randomUUID()}\n`);
    addNamespace('node');
  };
  t.teardown(() => {
    removeNamespaces();
    rmSync(directory, { recursive: true });
  });
  boot();

  /** As libcni runs a list: each plugin is given what the one before has answered; a DEL goes the other way. */
  const call = (verb: 'ADD' | 'DEL', pod: string, sandbox: string): string => {
    const netns = `/run/netns/${prefix}-${sandbox}`;
    let answer = '';
    const plugins = verb === 'ADD' ? sample.plugins : sample.plugins.toReversed();
    for (const plugin of plugins) {
      const { plugins: _, ...list } = sample;
      const ipam = plugin.ipam && { ...plugin.ipam, dataDir: join(directory, 'networks') };
      const own = plugin.type === 'flannel' ? { subnetFile, dataDir: join(directory, 'flannel') } : {};
      const prevResult = answer === '' ? {} : { prevResult: JSON.parse(answer) };
      const program = path
        .split(':')
        .map((one) => join(one, plugin.type))
        .find((one) => existsSync(one))!;
      const script = `mount --bind ${bootId} /proc/sys/kernel/random/boot_id && exec ${program}`;
      answer = must('ip', ['netns', 'exec', `${prefix}-node`, 'sh', '-c', script], {
        input: JSON.stringify({ ...list, ...plugin, ...own, ...(ipam && { ipam }), ...prevResult }),
        env: {
          PATH: process.env.PATH,
          CNI_COMMAND: verb,
          CNI_CONTAINERID: sandbox,
          CNI_NETNS: existsSync(netns) ? netns : '',
          CNI_IFNAME: 'eth0',
          CNI_PATH: path,
          CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod};K8S_POD_UID=u-${pod};K8S_POD_INFRA_CONTAINER_ID=${sandbox}`,
        },
      });
    }
    return answer;
  };

  return {
    /** @returns its addresses, with the length of their prefix */
    add: (pod: string, sandbox: string): readonly string[] => {
      addNamespace(sandbox);
      return JSON.parse(call('ADD', pod, sandbox)).ips.map(({ address }: { address: string }) => address);
    },
    del: (pod: string, sandbox: string): void => void call('DEL', pod, sandbox),
    /** Network namespaces are gone, and what is in memory; no DEL was sent. */
    losePower: (): void => {
      removeNamespaces();
      boot();
    },
  };
}
