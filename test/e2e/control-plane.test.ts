import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApiClient } from './api-client.ts';
import { binaries } from './build-binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { test } from './one-by-one.ts';
import { dropUnavailable } from './packet-drop.ts';
import { startRelay } from './relay.ts';

let plane: ControlPlane;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  plane = await startControlPlane({ controllerManager: true });
  t.log(`etcd, kube-apiserver and kube-controller-manager ready after ${plane.startMs} ms`);
});
test.after.always(() => plane?.stop());

const configMap = (name: string, text: string) => ({ metadata: { name }, data: { text } });
const configMaps = '/api/v1/namespaces/default/configmaps';

test('it is the Kubernetes the go.mod names', async (t) => {
  const version = await plane.admin.expect('GET', '/version');
  t.regex(version.gitVersion, /^v1\.35\.\d+$/);
  t.is(`${version.major}.${version.minor}`, '1.35');
});

test('a user is who the certificate says, and may do what RBAC allows', async (t) => {
  const whoAmI = async (user: string, groups?: string[]) => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    return (await plane.admin.expect('POST', path, review, { as: plane.userCertificate(user, groups) })).status
      .userInfo;
  };
  t.like(await whoAmI('system:node:edge-1'), { username: 'system:node:edge-1' });
  t.true((await whoAmI('system:node:edge-1')).groups.includes('system:nodes'));
  t.true((await whoAmI('jane', ['developers'])).groups.includes('developers'));
  const refused = await plane.request('GET', '/api/v1/secrets', undefined, { as: plane.userCertificate('jane') });
  t.like(refused, { status: 403, body: { kind: 'Status', reason: 'Forbidden' } });
  const asNode = { as: plane.userCertificate('system:node:edge-1') };
  t.is((await plane.request('GET', '/api/v1/pods', undefined, asNode)).status, 403);
  const ownPods = '/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-1';
  t.is((await plane.request('GET', ownPods, undefined, asNode)).status, 200);
});

test('a new namespace takes pods at once, and a token can be bound to one', async (t) => {
  await plane.createNamespace('busy');
  const spec = { nodeName: 'edge-1', containers: [{ name: 'app', image: 'app' }] };
  const pod = await plane.admin.expect('POST', '/api/v1/namespaces/busy/pods', { metadata: { name: 'one' }, spec });
  const boundPod = { name: 'one', uid: pod.metadata.uid };
  const token = await plane.serviceAccountToken('busy', 'default', { expirationSeconds: 600, boundPod });
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  t.is(claims['kubernetes.io'].pod.uid, pod.metadata.uid);
  t.is(claims.exp - claims.iat, 600);
  const answer = await plane.request('GET', '/api/v1/namespaces', undefined, { as: { token } });
  t.like(answer, { status: 403 });
  t.regex(answer.body.message, /system:serviceaccount:busy:default/);
});

test('kubectl works with a kubeconfig, also through a relay', async (t) => {
  const { kubectl } = await binaries(['kubectl']);
  const relay = await startRelay(plane.apiPort);
  t.teardown(() => relay.stop());
  for (const server of [plane.url, relay.url]) {
    const kubeconfig = plane.kubeconfig('admin', { server });
    const { stdout } = await promisify(execFile)(kubectl, [
      '--kubeconfig',
      kubeconfig,
      'get',
      'namespaces',
      '-o',
      'name',
    ]);
    t.true(stdout.split('\n').includes('namespace/kube-system'));
  }
  t.true(relay.counters.bytesDown > 1_000);
});

test('a watch through the relay sees what happens while the relay is slow', async (t) => {
  const relay = await startRelay(plane.apiPort);
  t.teardown(() => relay.stop());
  const client = new ApiClient({
    ...plane.admin.target,
    url: relay.url,
  });
  await relay.set('slow', { latencyMs: 20, bytesPerSecond: 200_000 });
  const list = await client.expect('GET', configMaps);
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const path = `${configMaps}?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
  const events = client.watch(path, { signal: stop.signal });
  const next = events.next();
  await plane.admin.expect('POST', configMaps, configMap('watched', 'a'));
  t.like((await next).value, { type: 'ADDED', object: { metadata: { name: 'watched' } } });
});

test('an apiserver that is gone refuses, comes back with what it had, and says 410 about what was compacted', async (t) => {
  const { metadata: before } = await plane.admin.expect('GET', configMaps);
  const made = await plane.admin.expect('POST', configMaps, configMap('kept', '1'));
  await plane.admin.expect('PATCH', `${configMaps}/kept`, { data: { text: '2' } });
  await plane.stopApiserver();
  await t.throwsAsync(plane.request('GET', configMaps), { code: 'ECONNREFUSED' });
  await plane.startApiserver();
  const found = await plane.admin.expect('GET', `${configMaps}/kept`);
  t.is(found.metadata.uid, made.metadata.uid);
  await plane.compact();
  const version = before.resourceVersion;
  const exact = await plane.request('GET', `${configMaps}?resourceVersion=${version}&resourceVersionMatch=Exact`);
  t.like(exact, { status: 410, body: { kind: 'Status', reason: 'Expired' } });
  const events = plane.admin.watch(`${configMaps}?watch=true&resourceVersion=${version}&timeoutSeconds=2`);
  t.like((await events.next()).value, { type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  await events.return(undefined);
});

test('a frozen apiserver accepts and does not answer', async (t) => {
  plane.freezeApiserver();
  try {
    await t.throwsAsync(plane.request('GET', '/version', undefined, { timeoutMs: 500 }), { code: 'ETIMEDOUT' });
  } finally {
    plane.thawApiserver();
  }
  t.is((await plane.request('GET', '/version')).status, 200);
});

test('the audit log tells who asked for what', async (t) => {
  await plane.request('GET', `${configMaps}?limit=7`, undefined, { as: plane.userCertificate('auditee') });
  const [event] = (await plane.audit()).filter((one) => one.user.username === 'auditee');
  t.like(event, { verb: 'list', requestURI: `${configMaps}?limit=7`, responseStatus: { code: 403 } });
});

const commandLines = async () => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', pids.join(',')]).catch(() => ({
    stdout: '',
  }));
  return stdout;
};

test('stopping leaves no process and no file', async (t) => {
  const other = await startControlPlane();
  t.log(`etcd and kube-apiserver ready after ${other.startMs} ms`);
  t.true((await commandLines()).includes(other.directory));
  await other.stop();
  t.false((await commandLines()).includes(other.directory));
  t.false(existsSync(other.directory));
});

test('a test process that is killed leaves no process, no file and no packet filter', async (t) => {
  const canDrop = dropUnavailable() === undefined;
  const script = `
    import { startControlPlane } from './control-plane.ts';
    import { startRelay } from './relay.ts';
    const plane = await startControlPlane();
    const relay = await startRelay(plane.apiPort);
    if (${canDrop}) await relay.set('drop');
    console.log(JSON.stringify({ directory: plane.directory, address: relay.address, port: relay.port }));`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await eventually('it runs', () => said.endsWith('\n'), { timeoutMs: 60_000 });
  const { directory, address, port } = JSON.parse(said);
  t.true((await commandLines()).includes(directory));
  t.true(existsSync(join(directory, 'pki')));
  child.kill('SIGKILL');
  await eventually('its processes are gone', async () => !(await commandLines()).includes(directory));
  await eventually('its directory is gone', () => !existsSync(directory));
  const client = new ApiClient({ url: `http://${address}:${port}` });
  const refused = async () => {
    const error = await client.request('GET', '/', undefined, { timeoutMs: 300 }).catch((cause) => cause);
    return error.code === 'ECONNREFUSED';
  };
  t.true(await eventually('packets pass again', refused));
});
