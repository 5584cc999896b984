// `holdfast ipam install` and `uninstall` on directories of their own.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { installText, uninstallText } from '../../../src/cli/ipam/install-text.ts';
import { type InstallRequest, installPlugin } from '../../../src/ipam/install/install-plugin.ts';
import { readBundle } from '../../../src/ipam/install/read-bundle.ts';
import { uninstallPlugin } from '../../../src/ipam/install/uninstall-plugin.ts';
import { main } from '../../../src/main.ts';
import { recordTerminal } from '../../support/terminal.ts';

const bridge = (name: string, type = 'host-local') =>
  `${JSON.stringify({ cniVersion: '1.0.0', name, plugins: [{ type: 'bridge', ipam: { type, subnet: '10.1.2.0/24' } }] }, null, 2)}\n`;

const namesBesideHostLocal = (binDir: string) => readdirSync(binDir).filter((name) => name !== 'host-local');

const stage = (
  t: ExecutionContext,
  files: Readonly<Record<string, string>> = { '10-pods.conflist': bridge('pods') },
) => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-install-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const [binDir, confDir, stateDir] = ['bin', 'net.d', 'state'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [binDir, confDir, stateDir]) mkdirSync(directory);
  writeFileSync(join(binDir, 'host-local'), '');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(confDir, name), text, { mode: 0o640 });
  const places = { binDir, confDir };
  const install = (more: Partial<InstallRequest> = {}) =>
    installPlugin({
      ...places,
      network: undefined,
      isForAll: false,
      isDryRun: false,
      node: process.execPath,
      bundle: Buffer.from('// holdfast-ipam 0.1.0\nprocess.stdout.write("it ran");\n'),
      ...more,
    });
  const uninstall = (more: { isDryRun?: boolean; isForced?: boolean } = {}) =>
    uninstallPlugin({ ...places, stateDir, isDryRun: false, isForced: false, ...more });
  const conf = (name = '10-pods.conflist') => readFileSync(join(confDir, name), 'utf8');
  const look = () => ({ bin: namesBesideHostLocal(binDir), conf: readdirSync(confDir) });
  return { ...places, root, stateDir, install, uninstall, conf, look };
};

test('install puts the plugin in and changes one word; uninstall puts every byte back', (t) => {
  const { binDir, confDir, install, uninstall, conf, look } = stage(t);
  const before = look();
  const report = install();
  t.is(conf(), bridge('pods', 'holdfast-ipam'));
  t.is(statSync(join(confDir, '10-pods.conflist')).mode & 0o777, 0o640);
  t.deepEqual(
    report.changed[0]!.diff.filter((line) => !line.startsWith(' ') && line !== '…'),
    ['-        "type": "host-local",', '+        "type": "holdfast-ipam",'],
  );
  t.is(spawnSync(join(binDir, 'holdfast-ipam'), { encoding: 'utf8' }).stdout, 'it ran');
  t.deepEqual(look().conf, ['10-pods.conflist', '10-pods.conflist.before-holdfast-ipam']);
  const text = installText(report);
  for (const said of [join(binDir, 'holdfast-ipam'), '+        "type": "holdfast-ipam",', 'holdfast ipam uninstall']) {
    t.true(text.includes(said), text);
  }

  const back = uninstall();
  t.is(conf(), bridge('pods'));
  t.deepEqual(look(), before);
  t.like(back, { pluginIs: 'removed', restored: [{ how: 'bytes' }] });
  t.regex(uninstallText(back), /put back as it was, byte for byte/);
  t.is(uninstallText(uninstall()), 'Nothing of holdfast-ipam is here: there is nothing to take back.');
});

test('a dry run shows all and changes nothing, either way', (t) => {
  const { install, uninstall, conf, look } = stage(t);
  const report = install({ isDryRun: true });
  t.regex(installText(report), /would be changed[\s\S]*\+ +"type": "holdfast-ipam"[\s\S]*Nothing was changed/);
  t.deepEqual(look(), { bin: [], conf: ['10-pods.conflist'] });
  t.is(conf(), bridge('pods'));
  install();
  const installed = look();
  t.regex(
    uninstallText(uninstall({ isDryRun: true })),
    /would be put back[\s\S]*would be removed[\s\S]*Nothing was changed/,
  );
  t.deepEqual(look(), installed);
  t.is(conf(), bridge('pods', 'holdfast-ipam'));
});

test('installed twice changes nothing; an older plugin is replaced', (t) => {
  const { install, look } = stage(t);
  install();
  const installed = look();
  const again = install();
  t.like(again, { pluginWas: 'same', changed: [] });
  t.regex(
    installText(again),
    /is this version already[\s\S]*takes its addresses from it already[\s\S]*Nothing was changed/,
  );
  t.deepEqual(look(), installed);
  t.is(install({ bundle: Buffer.from('// holdfast-ipam 0.2.0\n') }).pluginWas, 'other');
});

test('installed again it leaves the networks alone that were left alone before, and says so', (t) => {
  const { install, conf } = stage(t, { '10-a.conflist': bridge('a'), '20-b.conflist': bridge('b') });
  install({ network: 'b' });
  const again = install({ bundle: Buffer.from('// holdfast-ipam 0.2.0\n') });
  t.is(conf('10-a.conflist'), bridge('a'));
  t.regex(installText(again), /10-a.conflist takes its addresses from host-local still; --network or --all/);
});

test('a plugin that may not be executed is mended by installing it again', (t) => {
  const { binDir, install } = stage(t);
  install();
  chmodSync(join(binDir, 'holdfast-ipam'), 0o644);
  t.is(install().pluginWas, 'other');
  t.is(spawnSync(join(binDir, 'holdfast-ipam'), { encoding: 'utf8' }).stdout, 'it ran');
});

test('a directory of plugins that the runtime does not use is refused: no pod would start', (t) => {
  const { binDir, root, install, conf, look } = stage(t);
  rmSync(join(binDir, 'host-local'));
  t.throws(() => install(), {
    code: 'HOLDFAST_IPAM_DIRECTORY',
    message: /there is no host-local in .*bin, so the container runtime .*--cni-bin-dir/,
  });
  t.deepEqual(look().bin, []);
  t.is(conf(), bridge('pods'));
  const other = join(root, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'host-local'), '');
  t.is(install({ otherBinDirs: [other] }).changed.length, 1);
});

test('a copy of Node comes beside the plugin when asked for, runs it wherever the directory is, and goes with it', (t) => {
  const { root, binDir, install, uninstall, look } = stage(t);
  const node = join(root, 'node');
  writeFileSync(node, '#!/bin/sh\necho "a Node of its own: $1"\n', { mode: 0o755 });
  const report = install({ node, isNodeCopied: true });
  t.regex(installText(report), /bin\/holdfast-ipam-node, a copy of .*\/node, was put there/);
  rmSync(node);
  const elsewhere = join(root, 'as-the-host-sees-it');
  renameSync(binDir, elsewhere);
  const { stdout } = spawnSync(join(elsewhere, 'holdfast-ipam'), { encoding: 'utf8' });
  t.is(stdout, `a Node of its own: ${elsewhere}/holdfast-ipam.cjs\n`);
  renameSync(elsewhere, binDir);

  t.is(uninstall().pluginIs, 'removed');
  t.deepEqual(look().bin, []);
});

test('the copy of Node is left when it is the same, replaced when it is another, and goes when the host’s Node runs the plugin', (t) => {
  const { root, install, look } = stage(t);
  const node = join(root, 'node');
  writeFileSync(node, 'one', { mode: 0o755 });
  const was = () => install({ node, isNodeCopied: true }).nodeCopy?.was;
  t.is(was(), 'absent');
  t.is(was(), 'same');
  writeFileSync(node, 'two!');
  t.is(was(), 'other');
  t.is(was(), 'same');
  t.true(look().bin.includes('holdfast-ipam-node'));
  t.is(install().nodeCopy, null);
  t.false(look().bin.includes('holdfast-ipam-node'));
});

test('a network that is not the first one is changed with a warning: runtimes use the first', (t) => {
  const { install } = stage(t, {
    '00-multus.conf': '{"name":"m","type":"multus","delegates":[]}',
    '10-pods.conflist': bridge('pods'),
  });
  const text = installText(install());
  t.regex(
    text,
    /Mind: .*00-multus.conf comes before it, and container runtimes use the first: .*multus hands the work on/,
  );
});

test('a link to a configuration stays one, and what it leads to is changed and put back', (t) => {
  const { root, confDir, install, uninstall } = stage(t, {});
  const real = join(root, 'real.conflist');
  writeFileSync(real, bridge('pods'));
  symlinkSync(real, join(confDir, '10-pods.conflist'));
  symlinkSync(join(root, 'nowhere'), join(confDir, '05-gone.conflist'));
  mkdirSync(join(confDir, '06.conf'));
  install();
  t.is(readFileSync(real, 'utf8'), bridge('pods', 'holdfast-ipam'));
  uninstall();
  t.is(readFileSync(real, 'utf8'), bridge('pods'));
  t.is(readlinkSync(join(confDir, '10-pods.conflist')), real);
});

test('without its backup only the word goes back, and that is said', (t) => {
  const { confDir, install, uninstall, conf } = stage(t);
  install();
  rmSync(join(confDir, '10-pods.conflist.before-holdfast-ipam'));
  t.regex(uninstallText(uninstall()), /10-pods.conflist has no backup; only the type went back to host-local/);
  t.is(conf(), bridge('pods'));
});

test('of several networks one must be named, by name or file, or all of them', (t) => {
  const files = {
    '10-a.conflist': bridge('a'),
    '20-b.conf': '{"name":"b","type":"ptp","ipam":{"type":"host-local"}}',
    '30-c.conflist': bridge('c', 'dhcp'),
    'notes.txt': 'x',
  };
  const { install, conf, look } = stage(t, files);
  t.throws(() => install(), {
    code: 'HOLDFAST_IPAM_NETWORK',
    message: /several networks[\s\S]*network a\)[\s\S]*network b\)[\s\S]*--network/,
  });
  t.deepEqual(look().bin, []);
  t.throws(() => install({ network: 'zz' }), {
    message: /no network and no file[\s\S]*is called zz; there are: .*network a/,
  });
  t.throws(() => install({ network: 'c' }), { message: /30-c.conflist cannot be changed: none of its plugins/ });
  install({ network: '20-b.conf' });
  t.is(conf('20-b.conf'), '{"name":"b","type":"ptp","ipam":{"type":"holdfast-ipam"}}');
  t.is(conf('10-a.conflist'), bridge('a'));
  t.is(install({ isForAll: true }).changed.length, 1);
  t.is(conf('30-c.conflist'), bridge('c', 'dhcp'));
});

test('where nothing can be changed each file has its reason, and nothing is written', (t) => {
  const { install, look } = stage(t, { '10-c.conflist': bridge('c', 'dhcp') });
  t.throws(() => install(), {
    message: /no network can be changed\. .*10-c.conflist: none of its plugins.*bridge with dhcp/,
  });
  t.deepEqual(look().bin, []);
  const empty = stage(t, {});
  t.throws(() => empty.install(), { message: /there is no CNI configuration in .*set up the pod network first/ });
});

test('a file of somebody else under our name is left alone, and said', (t) => {
  for (const name of ['holdfast-ipam', 'holdfast-ipam.cjs']) {
    const { binDir, install, uninstall, conf } = stage(t);
    writeFileSync(join(binDir, name), '#!/bin/sh\necho mine\n');
    t.throws(() => install(), {
      code: 'HOLDFAST_IPAM_FOREIGN_FILE',
      message: /is not of Holdfast; nothing was changed/,
    });
    t.is(conf(), bridge('pods'));
    t.is(uninstall().pluginIs, 'absent');
    t.true(existsSync(join(binDir, name)));
    rmSync(join(binDir, name));
    mkdirSync(join(binDir, name));
    t.throws(() => install(), { code: 'HOLDFAST_IPAM_FOREIGN_FILE' }, 'a directory is none of ours either');
  }
});

test('a directory that is not there, is none, or cannot be written is named, with what to do', (t) => {
  const { root, binDir, confDir, install, look } = stage(t);
  const refused = (places: Partial<InstallRequest>, message: RegExp) => {
    t.throws(() => install(places), { code: 'HOLDFAST_IPAM_DIRECTORY', message });
    t.deepEqual(look().bin, []);
  };
  refused({ binDir: join(root, 'none') }, /there is no .*none, where the CNI plugins should be; .*--cni-bin-dir/);
  refused(
    { confDir: join(root, 'none') },
    /there is no .*none, where the CNI configurations should be; .*--cni-conf-dir/,
  );
  refused({ confDir: join(confDir, '10-pods.conflist') }, /is no directory; name the one/);
  chmodSync(binDir, 0o555);
  // Root may write everywhere but in some of the kernel's own directories.
  refused({ binDir: process.getuid?.() === 0 ? '/proc/self' : binDir }, /no permission for .*; run this as root/);
  chmodSync(binDir, 0o755);
});

test('without a build the missing plugin is named', (t) => {
  t.throws(() => readBundle('/nowhere/holdfast-ipam.cjs'), {
    code: 'HOLDFAST_IPAM_NOT_BUILT',
    message: /npm run build/,
  });
});

test('what somebody has changed since goes back by its word alone, and the backup stays', (t) => {
  const { confDir, install, uninstall, conf, look } = stage(t);
  install();
  const changed = conf().replace('10.1.2.0/24', '10.9.9.0/24');
  writeFileSync(join(confDir, '10-pods.conflist'), changed);
  const report = uninstall();
  t.is(report.restored[0]!.how, 'word');
  t.is(conf(), changed.replace('holdfast-ipam', 'host-local'));
  t.true(look().conf.includes('10-pods.conflist.before-holdfast-ipam'));
  t.regex(uninstallText(report), /has been changed by somebody since/);
});

test('what somebody has put back already is left, and its backup goes; a backup without its file is told of', (t) => {
  const { confDir, install, uninstall, look } = stage(t, {
    '10-a.conflist': bridge('a'),
    '20-b.conflist': bridge('b'),
  });
  install({ isForAll: true });
  writeFileSync(join(confDir, '10-a.conflist'), bridge('a'));
  rmSync(join(confDir, '20-b.conflist'));
  const report = uninstall();
  t.deepEqual(report.restored, []);
  t.deepEqual(look().conf, ['10-a.conflist', '20-b.conflist.before-holdfast-ipam']);
  t.regex(uninstallText(report), /20-b.conflist.before-holdfast-ipam is left/);
});

test('the plugin stays while attachments are left that will be ended with it', (t) => {
  const { stateDir, binDir, install, uninstall, conf } = stage(t);
  install();
  mkdirSync(join(stateDir, 'results'));
  const remembered = (type: string) => ({
    kind: 'cniCacheV1',
    config: Buffer.from(bridge('pods', type)).toString('base64'),
  });
  writeFileSync(join(stateDir, 'results/pods-c1-eth0'), JSON.stringify(remembered('holdfast-ipam')));
  writeFileSync(join(stateDir, 'results/pods-c2-eth0'), JSON.stringify(remembered('host-local')));
  const report = uninstall();
  t.like(report, { pluginIs: 'kept', attachments: { length: 1 } });
  t.is(conf(), bridge('pods'));
  t.true(existsSync(join(binDir, 'holdfast-ipam')));
  t.regex(uninstallText(report), /stays: 1 attachment was made with it and may be ended with it \(.*pods-c1-eth0\)/);

  rmSync(join(stateDir, 'results'), { recursive: true });
  mkdirSync(join(stateDir, 'flannel'));
  writeFileSync(join(stateDir, 'flannel/c3'), bridge('cbr0', 'holdfast-ipam'));
  t.is(uninstall().pluginIs, 'kept');
  t.is(uninstall({ isForced: true }).pluginIs, 'removed');
  t.deepEqual(namesBesideHostLocal(binDir), []);
});

test('the commands say what went wrong on one line, and JSON when asked', async (t) => {
  const { binDir, confDir, root } = stage(t);
  const run = async (...words: string[]) => {
    const terminal = recordTerminal();
    return { code: await main(['ipam', ...words], terminal), ...terminal };
  };
  const places = ['--cni-bin-dir', binDir, '--cni-conf-dir', confDir];
  const both = await run('install', '--all', '--network', 'pods', ...places);
  t.is(both.code, 2);
  const nodes = await run('install', '--copy-node', '--node', '/usr/bin/node', ...places);
  t.is(nodes.code, 2);
  const missing = await run('uninstall', '--cni-conf-dir', join(root, 'none'), '--cni-bin-dir', binDir);
  t.is(missing.code, 1);
  t.regex(missing.complained.join('\n'), /^holdfast: there is no .*none/);
  const nothing = await run('uninstall', '--cni-state-dir', root, '--output', 'json', ...places);
  t.is(nothing.code, 0);
  t.like(JSON.parse(nothing.printed.join('')), { pluginIs: 'absent', restored: [] });
});
