// A node of kubeadm or of YurtHub becomes one of Holdfast, and goes back to what it was.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type BootstrapCluster, startBootstrapCluster } from './bootstrap-cluster.ts';
import { startJoinedHub } from './joined-hub.ts';
import { type JoiningMachine, joiningMachine, modeOf } from './joining-machine.ts';
import { test } from './one-by-one.ts';

let cluster: BootstrapCluster;

test.before(async () => {
  cluster = await startBootstrapCluster();
});
test.after.always(() => cluster?.plane.stop());

const closedAdmin = ['--admin', '127.0.0.1:1'];

/** kubelet's kubeconfig as kubeadm writes it, beside a certificate as kubelet rotates it. */
function asKubeadm(m: JoiningMachine, nodeName: string, validity: { notBefore?: Date; notAfter?: Date } = {}): Buffer {
  const pem = join(m.directory, 'kubelet-client-current.pem');
  const { certificate, key } = cluster.plane.pki.authority.issue({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    ...validity,
  });
  writeFileSync(pem, certificate + key, { mode: 0o600 });
  const text = kubeconfigText({ 'client-certificate': pem, 'client-key': pem });
  writeFileSync(m.kubeletConf, `# by kubeadm\n${text}`);
  chmodSync(m.kubeletConf, 0o640);
  return readFileSync(m.kubeletConf);
}

function kubeconfigText(user: object | undefined, server = cluster.plane.url): string {
  const ca = { 'certificate-authority-data': readFileSync(cluster.plane.caFile).toString('base64') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'default', cluster: { server, ...(server.startsWith('https') && ca) } }],
    users: user === undefined ? [] : [{ name: 'default', user }],
    contexts: [{ name: 'default', context: { cluster: 'default', ...(user && { user: 'default' }) } }],
    'current-context': 'default',
  });
}

test('a node of kubeadm is taken over under its name, runs, and leaves as it was, byte for byte', async (t) => {
  const m = await joiningMachine(t);
  const before = asKubeadm(m, 'edge-kubeadm');
  const joined = await m.run(['join', '--from-kubelet-conf', m.kubeletConf, '--listen', '127.0.0.1:0']);
  t.is(joined.code, 0, joined.said);
  t.regex(joined.said, /Joined as the node edge-kubeadm/);
  t.regex(joined.said, /There is no enrolment credential/);
  const now = readFileSync(m.kubeletConf, 'utf8');
  t.true(now.includes(m.kubelet.certificateFile));
  t.is(modeOf(m.kubeletConf), 0o600);
  t.false(readFileSync(m.current).equals(readFileSync(join(m.directory, 'kubelet-client-current.pem'))));

  const hub = await startJoinedHub(m.dataDir);
  t.teardown(() => hub.kill9());
  t.is((await hub.client(m.kubelet).request('GET', '/api/v1/nodes/none')).status, 403); // the real node authorizer
  await hub.terminate();

  writeFileSync(m.kubeletConf, `${now}# by hand\n`);
  const refused = await m.run(['leave', ...closedAdmin]);
  t.is(refused.code, 1);
  t.regex(refused.said, /kubelet\.conf was changed since the join.*--replace-changes/);
  t.is(readFileSync(m.kubeletConf, 'utf8'), `${now}# by hand\n`);
  const restart = existsSync('/run/systemd/system') ? [] : ['--restart-kubelet']; // never this machine's own
  const left = await m.run(['leave', '--replace-changes', ...restart, ...closedAdmin]);
  t.is(left.code, 0, left.said);
  t.regex(left.said, /is what it was before the join/);
  t.regex(left.said, /systemctl restart kubelet/);
  if (restart.length > 0) t.regex(left.said, /--restart-kubelet: systemd does not run here/);
  t.deepEqual(readFileSync(m.kubeletConf), before);
  t.is(modeOf(m.kubeletConf), 0o640);
  t.false((await m.written()).includes('cloud'));
  t.regex((await m.run(['leave', ...closedAdmin])).said, /holds nothing that `holdfast join` wrote/);

  const again = await m.run(['join', '--from-kubelet-conf', m.kubeletConf, '--listen', '127.0.0.1:0']);
  t.is(again.code, 0, again.said);
});

test('an earlier kubeconfig that was a link, or was not there, is that again after leaving', async (t) => {
  const m = await joiningMachine(t);
  const target = join(m.directory, 'elsewhere.conf');
  writeFileSync(target, 'somebody else keeps this');
  symlinkSync(target, m.kubeletConf);
  const linked = await m.joinByToken(cluster, await cluster.createToken(), '--node-name', 'edge-link');
  t.is(linked.code, 0, linked.said);
  t.is(readFileSync(target, 'utf8'), 'somebody else keeps this');
  t.is((await m.run(['leave', ...closedAdmin])).code, 0);
  t.is(readFileSync(m.kubeletConf, 'utf8'), 'somebody else keeps this');

  const bare = await joiningMachine(t);
  const joined = await bare.joinByToken(cluster, await cluster.createToken(), '--node-name', 'edge-bare');
  t.is(joined.code, 0, joined.said);
  const left = await bare.run(['leave', ...closedAdmin]);
  t.regex(left.said, /was removed: there was none before the join/);
  t.throws(() => readFileSync(bare.kubeletConf), { code: 'ENOENT' });
});

test('joining anew keeps what was there before the first join, and replaces the identity only once it has a new one', async (t) => {
  const m = await joiningMachine(t);
  const before = asKubeadm(m, 'edge-anew');
  t.is((await m.run(['join', '--from-kubelet-conf', m.kubeletConf, '--listen', '127.0.0.1:0'])).code, 0);
  const first = readFileSync(m.current);
  const failed = await m.joinByToken(
    cluster,
    'aaaaaa.0123456789abcdef',
    '--node-name',
    'edge-anew',
    '--replace-identity',
  );
  t.is(failed.code, 1);
  t.deepEqual(readFileSync(m.current), first);
  const anew = await m.joinByToken(
    cluster,
    await cluster.createToken(),
    '--node-name',
    'edge-anew',
    '--replace-identity',
  );
  t.is(anew.code, 0, anew.said);
  t.false(readFileSync(m.current).equals(first));
  t.is((await m.run(['leave', ...closedAdmin])).code, 0);
  t.deepEqual(readFileSync(m.kubeletConf), before);
});

test('a kubelet whose certificate has expired joins only with a token; on leaving, the one that works stays', async (t) => {
  const m = await joiningMachine(t);
  const hourMs = 3_600_000;
  const past = { notBefore: new Date(Date.now() - 2 * hourMs), notAfter: new Date(Date.now() - hourMs) };
  const before = asKubeadm(m, 'edge-late', past);
  const refused = await m.run(['join', '--from-kubelet-conf', m.kubeletConf]);
  t.is(refused.code, 1);
  t.regex(refused.said, /expired at .*join with a bootstrap token/);
  t.deepEqual(await m.written(), []);
  const joined = await m.joinByToken(cluster, await cluster.createToken(), '--node-name', 'edge-late');
  t.is(joined.code, 0, joined.said);
  const left = await m.run(['leave', ...closedAdmin]);
  t.is(left.code, 0);
  t.deepEqual(readFileSync(m.kubeletConf), before);
  t.regex(left.said, /But the certificate that it names expired at .*node-current\.pem/);
  t.true((await m.written()).includes('cloud'));
});

test('a node of YurtHub is taken over with its certificate, and its bootstrap file becomes the enrolment credential', async (t) => {
  const m = await joiningMachine(t);
  writeFileSync(m.kubeletConf, kubeconfigText(undefined, 'http://127.0.0.1:10261'));
  const yurtHub = join(m.directory, 'yurthub');
  mkdirSync(join(yurtHub, 'pki'), { recursive: true });
  const pem = join(yurtHub, 'pki', 'yurthub-current.pem');
  const { certificate, key } = cluster.plane.pki.authority.issue({
    commonName: 'system:node:edge-yurt',
    organizations: ['openyurt:yurthub', 'system:nodes'],
  });
  writeFileSync(pem, certificate + key);
  writeFileSync(join(yurtHub, 'yurthub.conf'), kubeconfigText({ 'client-certificate': pem, 'client-key': pem }));
  writeFileSync(join(yurtHub, 'bootstrap-hub.conf'), kubeconfigText({ token: await cluster.createToken() }));
  const words = ['join', '--from-kubelet-conf', m.kubeletConf, '--yurthub-dir', yurtHub, '--listen', '127.0.0.1:0'];
  const joined = await m.run(words);
  t.is(joined.code, 0, joined.said);
  t.regex(joined.said, /Joined as the node edge-yurt/);
  t.true((await m.written()).includes('cloud'));
  t.regex(
    readFileSync(join(m.dataDir, 'cloud', 'enrolment.kubeconfig'), 'utf8'),
    /"token": "[0-9a-f]{6}\.[0-9a-f]{16}"/,
  );
  t.is((await m.run(['leave', ...closedAdmin])).code, 0);

  // Its certificate has expired: the bootstrap file is what there is.
  const hourMs = 3_600_000;
  const past = cluster.plane.pki.authority.issue({
    commonName: 'system:node:edge-yurt',
    organizations: ['openyurt:yurthub', 'system:nodes'],
    notBefore: new Date(Date.now() - 2 * hourMs),
    notAfter: new Date(Date.now() - hourMs),
  });
  writeFileSync(pem, past.certificate + past.key);
  const late = await m.run(words);
  t.is(late.code, 0, late.said);
  t.regex(late.said, /Joined as the node edge-yurt/);
});

test('a join that is killed at any moment leaves kubelet a kubeconfig that works, and the next one completes it', async (t) => {
  const m = await joiningMachine(t);
  const before = asKubeadm(m, 'edge-killed');
  const program = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  const words = [
    program,
    'join',
    '--from-kubelet-conf',
    m.kubeletConf,
    '--listen',
    '127.0.0.1:0',
    '--data-dir',
    m.dataDir,
  ];
  let wasReplaced = false;
  let killed = 0;
  /** Kills it when the data directory, or what lies in it, has changed so many times. */
  const joinAndKill = async (afterChanges: number) => {
    const child = spawn(process.execPath, words, { stdio: 'ignore', env: { PATH: process.env.PATH } });
    const ended = once(child, 'close');
    let seen = '';
    for (let changes = 0; child.exitCode === null && child.signalCode === null; ) {
      const now = snapshotOf(m);
      if (now !== seen) {
        seen = now;
        changes += 1;
        if (changes > afterChanges) child.kill('SIGKILL');
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    return child.signalCode === 'SIGKILL';
  };
  for (let n = 1; n < 20 && !wasReplaced; n += 2) {
    if (await joinAndKill(n)) killed += 1;
    wasReplaced = !readFileSync(m.kubeletConf).equals(before);
    // Whatever it names is there.
    if (wasReplaced)
      for (const file of [m.kubelet.certificateFile, m.kubelet.keyFile, m.current]) t.true(existsSync(file));
    const left = await m.run(['leave', ...closedAdmin]);
    t.true(left.code === 0 || /holds nothing that `holdfast join` wrote/.test(left.said), left.said);
    t.deepEqual(readFileSync(m.kubeletConf), before);
    t.is(modeOf(m.kubeletConf), 0o640);
  }
  t.true(killed > 2, `${killed}`);
  t.log(`killed ${killed} times`);
  // Killed once more, and this time gone on with.
  await joinAndKill(4);
  const whole = await m.run(['join', '--from-kubelet-conf', m.kubeletConf, '--listen', '127.0.0.1:0']);
  t.is(whole.code, 0, whole.said);
  t.true(readFileSync(m.kubeletConf, 'utf8').includes(m.kubelet.certificateFile));
  t.is((await m.run(['leave', ...closedAdmin])).code, 0);
  t.deepEqual(readFileSync(m.kubeletConf), before);
});

/** Every file of the data directory, by name. */
function snapshotOf(m: JoiningMachine): string {
  try {
    return readdirSync(m.dataDir, { recursive: true }).toString();
  } catch (error) {
    // Not there yet, or a directory in it was renamed while it was read.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return String((error as NodeJS.ErrnoException).path);
    throw error;
  }
}
