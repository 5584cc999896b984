// The CNI plugin as it is shipped: one file, small, that loads nothing it does not need.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import manifest from '../../package.json' with { type: 'json' };
import { buildPlugin } from '../../scripts/build-plugin.ts';
import { isBundle, wrapperText } from '../../src/ipam/install/wrapper.ts';

const root = new URL('../..', import.meta.url).pathname;

test('the plugin is one small file that asks for nothing of the network', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-plugin-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const { path, bytes } = await buildPlugin(root, directory);
  t.true(bytes < 100_000, `${bytes} bytes`);
  const text = readFileSync(path, 'utf8').replaceAll('\\\n', ''); // lines are broken inside of strings, too
  t.true(isBundle(text));
  t.regex(text, /^[\0-\x7f]*$/);
  // A line may end inside a string.
  const loaded = text.replaceAll('\\\n', '').matchAll(/\b(?:require|import|getBuiltinModule)\(["'`]([^"'`]+)["'`]\)/g);
  const needed = ['node:child_process', 'node:fs', 'node:os', 'node:path'];
  t.deepEqual([...new Set([...loaded].map((match) => match[1]!))].toSorted(), needed);
});

test('behind its wrapper the plugin gives an address out and frees it, whatever Node is told by the environment', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-plugin-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const { path } = await buildPlugin(root, directory);
  const wrapper = join(directory, "it's holdfast-ipam");
  writeFileSync(wrapper, wrapperText(process.execPath, path), { mode: 0o755 });
  const dataDir = join(directory, 'networks');
  const call = (CNI_COMMAND: string, environment: object = {}, input?: string) =>
    spawnSync(wrapper, [], {
      env: {
        PATH: process.env.PATH,
        NODE_OPTIONS: '--require /nowhere',
        NODE_EXTRA_CA_CERTS: '/nowhere',
        CNI_COMMAND,
        CNI_CONTAINERID: 'c1',
        CNI_NETNS: '/run/netns/none',
        CNI_IFNAME: 'eth0',
        CNI_PATH: directory,
        ...environment,
      },
      input: input ?? JSON.stringify({ cniVersion: '1.1.0', name: 'mynet', ipam: { dataDir, subnet: '10.1.2.0/24' } }),
      encoding: 'utf8',
    });
  const added = call('ADD');
  t.is(added.status, 0, added.stdout + added.stderr);
  t.is(JSON.parse(added.stdout).ips[0].address, '10.1.2.2/24');
  t.is(readFileSync(join(dataDir, 'mynet/10.1.2.2'), 'latin1'), 'c1\r\neth0');
  t.is(call('CHECK').status, 0);
  t.is(call('DEL').status, 0);
  t.throws(() => readFileSync(join(dataDir, 'mynet/10.1.2.2')), { code: 'ENOENT' });
  const refused = call('CHECK');
  t.is(refused.status, 1);
  t.is(JSON.parse(refused.stdout).code, 999);
  t.is(call('STATUS').status, 0);
  t.is(JSON.parse(call('ADD', {}, 'x').stdout).code, 6);
  t.is(call('').stderr.split('\n')[0], `CNI holdfast-ipam plugin v${manifest.version}`);
});
