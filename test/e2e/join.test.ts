// A machine joins a cluster made as kubeadm makes them: real kube-apiserver, real controller manager that signs and approves.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { main } from '../../src/main.ts';
import { type RecordedTerminal, recordTerminal } from '../support/terminal.ts';
import { type BootstrapCluster, startBootstrapCluster } from './bootstrap-cluster.ts';
import { startJoinedHub } from './joined-hub.ts';

let cluster: BootstrapCluster;

test.before(async () => {
  cluster = await startBootstrapCluster();
});
test.after.always(() => cluster?.plane.stop());

interface Machine {
  readonly dataDir: string;
  readonly kubeletConf: string;
  run(...words: string[]): Promise<{ code: number; terminal: RecordedTerminal; said: string }>;
}

async function machine(t: { teardown(end: () => unknown): void }): Promise<Machine> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-join-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const dataDir = join(directory, 'data');
  const kubeletConf = join(directory, 'kubernetes', 'kubelet.conf');
  await mkdir(join(directory, 'kubernetes'));
  return {
    dataDir,
    kubeletConf,
    async run(...words) {
      const terminal = recordTerminal({ now: () => new Date() });
      const code = await main([...words, '--data-dir', dataDir], terminal);
      return { code, terminal, said: [...terminal.printed, ...terminal.complained].join('\n') };
    },
  };
}

function pin(): string {
  const { publicKey } = new X509Certificate(readFileSync(cluster.plane.caFile));
  return `sha256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;
}

function tokenJoin(m: Machine, token: string, ...more: string[]) {
  return m.run(
    'join',
    '--server',
    cluster.plane.url,
    '--token',
    token,
    '--ca-hash',
    pin(),
    '--kubelet-conf',
    m.kubeletConf,
    ...more,
  );
}

test('a machine joins with a bootstrap token and a pin, runs, and kubelet reaches the cluster through the hub', async (t) => {
  const m = await machine(t);
  const { code, said } = await tokenJoin(
    m,
    await cluster.createToken(),
    '--node-name',
    'edge-a',
    '--listen',
    '127.0.0.1:0',
  );
  t.is(code, 0, said);
  t.regex(said, /Joined as the node edge-a, with a certificate until 20/);
  const pem = readFileSync(join(m.dataDir, 'cloud', 'node-current.pem'));
  const certificate = new X509Certificate(pem);
  t.is(certificate.subject, 'O=system:nodes\nCN=system:node:edge-a');
  for (const name of ['kubeconfig', 'node-current.pem', 'enrolment.kubeconfig']) {
    t.is(statSync(join(m.dataDir, 'cloud', name)).mode & 0o777, 0o600, name);
  }
  t.is(statSync(join(m.dataDir, 'cloud')).mode & 0o777, 0o700);

  const hub = await startJoinedHub(m.dataDir);
  t.teardown(() => hub.kill9());
  const node = hub.client({
    certificateFile: join(m.dataDir, 'pki', 'client.crt'),
    keyFile: join(m.dataDir, 'pki', 'client.key'),
  });
  const posted = await node.request('POST', '/api/v1/nodes', { metadata: { name: 'edge-a' } });
  t.is(posted.status, 201, JSON.stringify(posted.body));
  const status = (await hub.admin.request('GET', '/status')).body;
  t.is(status.identity.user, 'system:node:edge-a');
  t.is(status.identity.nodeName, 'edge-a');

  const again = await tokenJoin(m, 'aaaaaa.aaaaaaaaaaaaaaaa');
  t.is(again.code, 0, again.said);
  t.regex(again.said, /This machine is the node edge-a already.*Nothing was changed/);
  t.deepEqual(readFileSync(join(m.dataDir, 'cloud', 'node-current.pem')), pem);
});
