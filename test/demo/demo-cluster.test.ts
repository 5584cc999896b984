import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { startDemoCluster } from '../../src/demo/demo-cluster.ts';
import { seededRandom } from '../../src/demo/random.ts';
import { tour } from '../../src/demo/tour.ts';
import { ask } from '../support/demo-client.ts';
import { ManualClock } from '../support/manual-clock.ts';

test('a demo cluster hands out what a hub and an administrator need, and takes everything down again', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  const cluster = await startDemoCluster({ dataDir, clock: new ManualClock(), random: seededRandom(3) });
  const read = async (path: string) => {
    t.is((await stat(path)).mode & 0o077, 0, 'only the owner may read credentials');
    const config = parse(await readFile(path, 'utf8'));
    const { server, 'certificate-authority': caPath } = config.clusters[0].cluster;
    return { server, ca: await readFile(caPath), user: config.users[0].user };
  };
  const hub = await read(cluster.kubeconfigPath);
  t.is(hub.server, cluster.linkUrl);
  const tls = {
    ca: hub.ca,
    cert: await readFile(hub.user['client-certificate']),
    key: await readFile(hub.user['client-key']),
  };
  const whoAmI = { method: 'POST', body: {} };
  const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  t.is((await ask(hub.server + reviews, { ...whoAmI, tls })).body.status.userInfo.username, 'system:node:edge-1');

  await ask(`${cluster.linkControlUrl}/cut?how=refuse`, { method: 'POST' });
  await t.throwsAsync(ask(`${hub.server}/version`, { tls }), { code: 'ECONNREFUSED' });
  const admin = await read(cluster.cloudKubeconfigPath);
  const asAdmin = { tls: { ca: admin.ca }, headers: { authorization: `Bearer ${admin.user.token}` } };
  const pods = await ask(`${admin.server}/api/v1/pods`, asAdmin);
  t.is(pods.body.items.length, 40, 'the administrator reaches the cloud past the link');

  await cluster.close();
  for (const url of [admin.server, hub.server, cluster.linkControlUrl]) {
    await t.throwsAsync(ask(url, { tls }), { code: 'ECONNREFUSED' });
  }
});

test('the tour prints lines to paste: every place is in it, odd paths are quoted, nothing is left to fill in', (t) => {
  const places = {
    kubeconfigPath: "/home/me/it's here/kubeconfig",
    apiUrl: 'https://127.0.0.1:10268',
    caPath: '/data/pki/ca.crt',
    clientCertificatePath: '/data/pki/client.crt',
    clientKeyPath: '/data/pki/client.key',
    adminUrl: 'http://127.0.0.1:10267',
    insecureUrl: 'http://127.0.0.1:10261',
    linkControlUrl: 'http://127.0.0.1:4000/link',
    cloudKubeconfigPath: '/data/cloud/admin.kubeconfig',
    dataDir: '/data',
    hubDataDir: '/data/hub',
    nodeName: 'edge-1',
    program: '/srv/holdfast/bin/holdfast.mjs',
  };
  const text = tour(places);
  for (const [name, place] of Object.entries(places)) if (name !== 'kubeconfigPath') t.true(text.includes(place), name);
  t.true(text.includes(`kubectl --kubeconfig '/home/me/it'\\''s here/kubeconfig' get pods -A`));
  t.true(text.includes('curl -s -X POST http://127.0.0.1:4000/link/heal'));
  t.notRegex(text, /undefined|<DIR>|PORT/);
  const commands = text.split('\n').filter((line) => /^ {2}(kubectl|curl|\S*holdfast\S*) /.test(line));
  t.true(commands.length > 10);
  for (const command of commands) {
    t.notThrows(() => execFileSync('sh', ['-n', '-c', command], { stdio: 'pipe' }), command);
  }
});
