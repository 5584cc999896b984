import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { installOptions } from '../src/cli/ipam/install-options.ts';
import { notifySystemd } from '../src/cli/notify-systemd.ts';
import { options } from '../src/hub/options.ts';
import { parseOptions } from '../src/hub/parse-options.ts';

const deploy = join(import.meta.dirname, '..', 'deploy');

function directory(t: { teardown(end: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-deploy-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test('systemd understands every line of the units, and starts the hub before kubelet', (t) => {
  try {
    execFileSync('systemd-analyze', ['--version']);
  } catch {
    t.log('not run: there is no systemd-analyze here');
    return t.pass();
  }
  const at = directory(t);
  cpSync(join(deploy, 'systemd'), at, { recursive: true });
  const service = join(at, 'holdfast.service');
  // kubelet is not installed here.
  writeFileSync(join(at, 'kubelet.service'), '[Service]\nExecStart=/bin/true\n');
  for (const unit of ['holdfast.service', 'kubelet.service']) {
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(at, unit)], {
      encoding: 'utf8',
    });
    const about = `${stdout}${stderr}`.split('\n').filter((line) => /holdfast|kubelet/.test(line));
    t.deepEqual(about, [], unit);
  }
  t.regex(readFileSync(service, 'utf8'), /^Before=kubelet\.service$/m);
  t.regex(readFileSync(join(at, 'kubelet.service.d', '20-holdfast.conf'), 'utf8'), /^After=holdfast\.service$/m);
});

test('the unit names pages that the package brings along', (t) => {
  const unit = readFileSync(join(deploy, 'systemd', 'holdfast.service'), 'utf8');
  const pages = /^Documentation=(.*)$/m.exec(unit)![1]!.split(' ');
  const { files } = JSON.parse(readFileSync(join(deploy, '..', 'package.json'), 'utf8'));
  for (const page of pages) {
    const inPackage = page.replace('file:/usr/local/lib/node_modules/holdfast/', '');
    t.true(existsSync(join(deploy, '..', inPackage)), page);
    t.true(inPackage === 'README.md' || files.includes(inPackage.split('/')[0]), 'npm takes README.md along by itself');
  }
  t.regex(unit, /^ExecStart=\/usr\/bin\/env holdfast run$/m, 'wherever npm puts it');
});

test('the static pod calls the daemon by options that it has, and asks for its health where it listens', (t) => {
  const pod = parse(readFileSync(join(deploy, 'static-pod', 'holdfast.yaml'), 'utf8'));
  const [container] = pod.spec.containers;
  const [command, ...flags] = container.args;
  t.is(command, 'run');
  const surroundings = { directory: '/', homeDirectory: '/root', hostName: 'edge-7', isRoot: true };
  const config = parseOptions(options, { flags, environment: {} }, surroundings);
  t.is(config.dataDir, container.volumeMounts[0].mountPath);
  for (const probe of [container.startupProbe, container.livenessProbe]) {
    t.is(`${probe.httpGet.host}:${probe.httpGet.port}`, `${config.admin.host}:${config.admin.port}`);
  }
});

test('what looks after the addresses of pods may write where they are, and reach the runtime', (t) => {
  const surroundings = { directory: '/', homeDirectory: '/root', hostName: 'edge-7', isRoot: true };
  const { ipamDataDir, criSocket } = parseOptions(options, { flags: [], environment: {} }, surroundings);
  const unit = readFileSync(join(deploy, 'systemd', 'holdfast.service'), 'utf8');
  const writable = /^ReadWritePaths=-(.*)$/m.exec(unit)![1]!;
  t.true(ipamDataDir.startsWith(`${writable}/`), ipamDataDir);
  const pod = parse(readFileSync(join(deploy, 'static-pod', 'holdfast.yaml'), 'utf8'));
  const mounts: { mountPath: string; name: string; readOnly?: boolean }[] = pod.spec.containers[0].volumeMounts;
  for (const path of [ipamDataDir, criSocket]) {
    const mount = mounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
    t.not(mount, undefined, path);
    const volume = pod.spec.volumes.find(({ name }: { name: string }) => name === mount?.name);
    t.is(volume.hostPath.path, mount?.mountPath, 'the same path inside and outside');
  }
});

test('what puts the plugin in from an image has where it goes to mounted under the same paths, and brings a Node along', (t) => {
  const pod = parse(readFileSync(join(deploy, 'static-pod', 'holdfast-ipam.yaml'), 'utf8'));
  const [container] = pod.spec.containers;
  const [group, command, ...flags] = container.args;
  t.deepEqual([group, command], ['ipam', 'install']);
  const surroundings = { directory: '/', homeDirectory: '/root', hostName: 'edge-7', isRoot: true };
  const { binDirs, confDir, copyNode } = parseOptions(installOptions, { flags, environment: {} }, surroundings);
  t.true(copyNode);
  const mounts: { mountPath: string; name: string }[] = container.volumeMounts;
  const mounted = mounts.map(({ mountPath, name }) => {
    const volume = pod.spec.volumes.find((one: { name: string }) => one.name === name);
    t.is(volume.hostPath.path, mountPath);
    return mountPath;
  });
  t.deepEqual(mounted, [...binDirs, confDir]);
});

test('systemd is told once the hub is ready, where it waits to be told; nobody is told elsewhere', async (t) => {
  const at = directory(t);
  mkdirSync(join(at, 'bin'));
  const told = join(at, 'told');
  const program = join(at, 'bin', 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`);
  chmodSync(program, 0o755);
  const complained: string[] = [];
  const complain = (text: string) => void complained.push(text);
  const PATH = `${join(at, 'bin')}:/usr/bin:/bin`;
  await notifySystemd({ environment: { PATH }, complain });
  await notifySystemd({ environment: { PATH, NOTIFY_SOCKET: '/run/systemd/notify' }, complain });
  t.is(readFileSync(told, 'utf8'), '/run/systemd/notify --ready\n');
  writeFileSync(program, '#!/bin/sh\nexit 1\n');
  await notifySystemd({ environment: { PATH, NOTIFY_SOCKET: '/run/systemd/notify' }, complain });
  t.regex(complained.join(), /systemd could not be told/);
});
