// What lies on a real disk, byte for byte, and who may lock it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CniError } from '../../../src/ipam/cni/cni-error.ts';
import { appendAudit, auditVersion, readAudit } from '../../../src/ipam/directory/audit-log.ts';
import { diskFiles } from '../../../src/ipam/directory/files.ts';
import { layoutOf } from '../../../src/ipam/directory/layout.ts';
import { parseCachedAttachment } from '../../../src/ipam/directory/libcni-cache.ts';
import { machineFacts, netnsLiveness } from '../../../src/ipam/directory/machine-facts.ts';
import { createNetworkLock } from '../../../src/ipam/directory/network-lock.ts';
import { callHere, heldIn, lacks, temporaryDirectory } from '../../support/ipam-program.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const subnets = ['10.9.0.0/28', 'fd09::/124'];

test('what is held lies there as host-local writes it, with its modes', (t) => {
  const dataDir = temporaryDirectory(t);
  callHere({ verb: 'ADD', containerId: 'c1', pod: 'p', dataDir, subnets });
  const pods = join(dataDir, 'pods');
  t.deepEqual(readdirSync(pods).sort(), ['10.9.0.2', 'fd09::2', 'last_reserved_ip.0', 'last_reserved_ip.1', 'lock']);
  t.is(readFileSync(join(pods, '10.9.0.2')).toString('hex'), '63310d0a65746830');
  t.is(readFileSync(join(pods, 'last_reserved_ip.1'), 'utf8'), 'fd09::2');
  t.is(readFileSync(join(pods, 'lock'), 'utf8'), '');
  t.is(modeOf(pods), '755');
  t.is(modeOf(join(pods, '10.9.0.2')), '600');
  t.is(modeOf(join(pods, 'last_reserved_ip.0')), '600');
  t.is(modeOf(join(dataDir, '.retain', 'pods')), '700');
  t.deepEqual(readdirSync(join(dataDir, '.retain', 'pods')).sort(), [
    '10.9.0.2.json',
    'audit.jsonl',
    'fd09::2.json',
    'meta.json',
  ]);
});

test('of a read-only file system it is said that it is one, not that something is missing', (t) => {
  const directory = temporaryDirectory(t);
  const mount = `mount -t tmpfs -o ro tmpfs ${directory}`;
  if (spawnSync('unshare', ['-m', 'sh', '-c', mount]).status !== 0)
    return t.log('not run: nothing can be mounted here');
  const script = `import(process.argv[1]).then(({ diskFiles }) => diskFiles.makeDirectory('${directory}/a/b', 0o755))
    .catch(({ code }) => console.log(code))`;
  const module = new URL('../../../src/ipam/directory/files.ts', import.meta.url).pathname;
  const words = ['-m', 'sh', '-c', `${mount} && exec "$@"`, 'sh', process.execPath, '-e', script, module];
  t.is(spawnSync('unshare', words, { encoding: 'utf8' }).stdout, 'EROFS\n');
});

const silent = (): void => {};

/** Another program that has the lock for two seconds from now. */
async function lockElsewhere(path: string): Promise<void> {
  const child = spawn('flock', ['-x', path, 'sh', '-c', 'echo held; sleep 2'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

test('case 15: a file is locked, and free again afterwards', (t) => {
  if (lacks(t, 'flock')) return;
  const path = join(temporaryDirectory(t), 'file');
  const tryLock = () => spawnSync('flock', ['-n', path, 'true']).status;
  const lock = createNetworkLock(silent);
  t.is(
    lock(path, 5000, (isExclusive) => {
      t.true(isExclusive);
      return tryLock();
    }),
    1,
  );
  t.is(tryLock(), 0);
  t.throws(
    () =>
      lock(path, 5000, () => {
        throw new Error('on the way');
      }),
    { message: 'on the way' },
  );
  t.is(tryLock(), 0);
});

test('case 16: a network’s lock is the file `lock` in its directory', (t) => {
  if (lacks(t, 'flock')) return;
  const dataDir = temporaryDirectory(t);
  const { lock, held } = layoutOf(dataDir, 'pods');
  t.is(lock, join(held, 'lock'));
  mkdirSync(held);
  createNetworkLock(silent)(lock, 5000, () => {
    t.is(spawnSync('flock', ['-n', lock, 'true']).status, 1);
  });
  t.is(modeOf(lock), '750');
});

test('a lock that another keeps is waited for, and not for ever', async (t) => {
  if (lacks(t, 'flock')) return;
  const path = join(temporaryDirectory(t), 'lock');
  await lockElsewhere(path);
  const lock = createNetworkLock(silent);
  t.throws(() => lock(path, 100, () => t.fail()), { instanceOf: CniError, code: 11 });
  t.is(
    lock(path, 10_000, () => 'mine'),
    'mine',
  );
});

test('without a flock the work is done all the same, and it is said', (t) => {
  const said: string[] = [];
  const lock = createNetworkLock((line) => void said.push(line), ['no-such-program']);
  t.false(lock(join(temporaryDirectory(t), 'lock'), 100, (isExclusive) => isExclusive));
  t.regex(said.join(), /^no flock on this machine/);
});

test('a directory that may not be written to is an error with its cause', (t) => {
  const dataDir = temporaryDirectory(t);
  writeFileSync(join(dataDir, 'pods'), '');
  const { exitCode, stdout } = callHere({ verb: 'ADD', containerId: 'c1', dataDir, subnets });
  t.is(exitCode, 1);
  t.regex(stdout, /"code": 999,\s+"msg": "cannot use .*pods: E(EXIST|NOTDIR)/);
});

test('a namespace is alive when there is one behind its path', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'left-over');
  writeFileSync(path, '');
  t.is(netnsLiveness('/proc/self/ns/net'), 'alive');
  t.is(netnsLiveness(path), 'dead', 'the mount point that a reboot leaves');
  t.is(netnsLiveness(join(directory, 'gone')), 'dead');
  t.is(netnsLiveness(join(directory, 'nowhere', 'gone')), 'unknown', 'namespaces cannot be seen from here');
  t.is(netnsLiveness(''), 'unknown');
});

const cached = {
  kind: 'cniCacheV1',
  containerId: 'c1',
  config: 'e30=',
  ifName: 'eth0',
  networkName: 'pods',
  netns: '/run/netns/cni-1',
  cniArgs: [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAMESPACE', 'default'],
    ['K8S_POD_NAME', 'web-0'],
    ['K8S_POD_UID', 'u1'],
  ],
};

test('libcni’s cache tells the pod behind a container', (t) => {
  const pod = { namespace: 'default', name: 'web-0', uid: 'u1' };
  const known = { containerId: 'c1', ifname: 'eth0', netns: '/run/netns/cni-1', pod };
  t.deepEqual(parseCachedAttachment(JSON.stringify(cached)), known);
  t.is(parseCachedAttachment(JSON.stringify({ ...cached, cniArgs: [] }))?.pod, undefined);
  t.is(parseCachedAttachment(JSON.stringify({ ...cached, kind: 'cniCacheV9' })), undefined);
  for (const torn of ['', '{"kind":"cniCach', 'null', '[]']) t.is(parseCachedAttachment(torn), undefined, torn);
  const libcniDirectory = temporaryDirectory(t);
  writeFileSync(join(libcniDirectory, 'pods-c1-eth0'), JSON.stringify(cached));
  const facts = machineFacts({ libcniDirectory });
  t.deepEqual(facts.cachedAttachment('pods', 'c1', 'eth0'), known);
  t.is(facts.cachedAttachment('pods', 'c2', 'eth0'), undefined);
  t.is(facts.cachedAttachment('pods', 'x'.repeat(300), 'eth0'), undefined);
  t.regex(facts.bootId, /^[0-9a-f-]{36}$/);
});

test('the audit log is of a bounded size, keeps the newest, reads over a torn line, and tells when it has changed', (t) => {
  const layout = layoutOf(temporaryDirectory(t), 'pods');
  mkdirSync(layout.retain, { recursive: true });
  const facts = machineFacts({ bootId: 'b', nowMs: () => 0 });
  for (let n = 0; n < 100; n++) {
    const note = {
      verb: 'add',
      address: `10.0.0.${n}`,
      key: 'default/a eth0',
      from: '',
      to: 'a1',
      reason: 'fresh',
    } as const;
    const before = auditVersion(diskFiles, layout);
    t.is(auditVersion(diskFiles, layout), before);
    appendAudit(diskFiles, layout, [note], facts, 2000);
    t.not(auditVersion(diskFiles, layout), before);
    if (n === 95) diskFiles.append(layout.audit, '{"time":"torn\n');
  }
  const sizes = readdirSync(layout.retain).map((name) => statSync(join(layout.retain, name)).size);
  t.is(sizes.length, 2);
  t.true(
    sizes.every((size) => size <= 2100),
    String(sizes),
  );
  const told = readAudit(diskFiles, layout).map(({ address }) => address);
  t.is(told.at(-1), '10.0.0.99');
  t.true(told.length > 10);
  t.deepEqual(
    told,
    Array.from({ length: told.length }, (_, index) => `10.0.0.${100 - told.length + index}`),
  );
});

test('a refused write of the audit log does not make a verb fail', (t) => {
  const dataDir = temporaryDirectory(t);
  mkdirSync(join(dataDir, '.retain', 'pods', 'audit.jsonl'), { recursive: true });
  t.is(callHere({ verb: 'ADD', containerId: 'c1', pod: 'p', dataDir, subnets }).exitCode, 0);
  t.is(Object.keys(heldIn(dataDir)).length, 2);
});
