import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { replaceKept } from '../../../src/hub/enrolment/before-join.ts';
import { cloudPlaces, writeCloudDirectory } from '../../../src/hub/enrolment/cloud-directory.ts';
import { joinState, pointKubelet } from '../../../src/hub/enrolment/join.ts';
import { leave } from '../../../src/hub/enrolment/leave.ts';
import { nodeKubeconfig } from '../../../src/hub/enrolment/upstream-kubeconfig.ts';
import { makeAuthority, makeCertificate } from '../pki/test-certificates.ts';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 5, 1);
const order = { replacesChanges: false, nowMs };
const ca = makeAuthority('ca');

function kubeletConf(notAfterMs: number): string {
  const own = makeCertificate('system:node:n', { issuer: ca.issuer, notBeforeMs: nowMs - 48 * hourMs, notAfterMs });
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: { 'client-certificate-data': base64(own.cert), 'client-key-data': base64(own.key) } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

/** Joined over a kubeconfig whose certificate ends at `notAfterMs`. */
async function joinedOver(t: { teardown(end: () => void): void }, notAfterMs: number) {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-leaving-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const dataDir = join(directory, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const path = join(directory, 'kubelet.conf');
  writeFileSync(path, kubeletConf(notAfterMs));
  await writeCloudDirectory(dataDir, { kubeconfig: 'k', authority: 'a', current: 'works', enrolment: undefined });
  await replaceKept(dataDir, path, 'ours');
  return { dataDir, path, places: cloudPlaces(dataDir) };
}

test("however often a node leaves, the hub's certificate stays while kubelet's own has expired", async (t) => {
  const expiredAtMs = nowMs - hourMs;
  const { dataDir, path, places } = await joinedOver(t, expiredAtMs);
  const first = await leave(dataDir, order);
  t.deepEqual([first.restored?.path, first.expiredAtMs], [path, expiredAtMs]);
  for (const run of ['second', 'third']) {
    const again = await leave(dataDir, order);
    t.deepEqual(again, { restored: undefined, restoredEarlier: path, expiredAtMs, kept: { state: 'unreadable' } }, run);
    t.is(readFileSync(places.current, 'utf8'), 'works');
  }
  rmSync(path); // nothing is known of kubelet's certificate now
  t.is((await leave(dataDir, order)).expiredAtMs, expiredAtMs);
  t.true(existsSync(places.current));
});

test("a node that has left loses the hub's certificate once kubelet has one that works", async (t) => {
  const { dataDir, path, places } = await joinedOver(t, nowMs - hourMs);
  await leave(dataDir, order);
  writeFileSync(path, kubeletConf(nowMs + hourMs));
  t.is((await leave(dataDir, order)).expiredAtMs, undefined);
  t.false(existsSync(places.directory));
  await t.throwsAsync(leave(dataDir, order), { code: 'HOLDFAST_LEAVE_NOT_JOINED' });
});

test('a leave that was broken off before it forgot the copy is gone on with, and removes nothing that works alone', async (t) => {
  const { dataDir, path, places } = await joinedOver(t, nowMs - hourMs);
  const copies = join(dataDir, 'before-join');
  const kept = ['manifest.json', 'kubelet.conf'].map((name) => [name, readFileSync(join(copies, name))] as const);
  await leave(dataDir, order);
  mkdirSync(`${copies}.again`);
  for (const [name, bytes] of kept) writeFileSync(join(`${copies}.again`, name), bytes);
  renameSync(`${copies}.again`, copies); // as it was when the power failed
  const again = await leave(dataDir, order);
  t.deepEqual([again.restored?.path, again.expiredAtMs], [path, nowMs - hourMs]);
  t.true(existsSync(places.current));
});

test('a node that has left and joins again has not left', async (t) => {
  const { dataDir, path, places } = await joinedOver(t, nowMs - hourMs);
  await leave(dataDir, order);
  t.deepEqual(await joinState(dataDir, path), { kind: 'unfinished' });
  const leg = { dataDir, nodeName: 'n', groups: ['system:nodes'], listen: [{ host: '127.0.0.1', port: 10268 }] };
  await pointKubelet({ ...leg, kubeletConf: path, wallClock: Date.now });
  t.false(existsSync(places.left));
});

test("where kubelet's certificate still works, nothing of the join stays", async (t) => {
  const { dataDir, places } = await joinedOver(t, nowMs + hourMs);
  t.is((await leave(dataDir, order)).expiredAtMs, undefined);
  t.false(existsSync(places.directory));
});

test("what is left of the hub's is told for what it is: usable, expired too, or of another node", async (t) => {
  const kept = async (user: string, notAfterMs: number) => {
    const { dataDir } = await joinedOver(t, nowMs - hourMs);
    const place = { server: 'https://127.0.0.1:1', authority: ca.cert };
    const own = makeCertificate(user, { issuer: ca.issuer, notBeforeMs: nowMs - 48 * hourMs, notAfterMs });
    const kubeconfig = nodeKubeconfig(place, user);
    const current = `${own.cert}${own.key}`;
    await writeCloudDirectory(dataDir, { kubeconfig, authority: `${ca.cert}`, current, enrolment: undefined });
    const first = await leave(dataDir, order);
    t.deepEqual((await leave(dataDir, order)).kept, first.kept, 'a further run says the same');
    return first.kept;
  };
  t.deepEqual(await kept('system:node:n', nowMs + hourMs), { state: 'usable' });
  t.deepEqual(await kept('system:node:n', nowMs - 1000), { state: 'expired', atMs: nowMs - 1000 });
  t.deepEqual(await kept('system:node:m', nowMs + hourMs), {
    state: 'other-name',
    user: 'system:node:m',
    kubeletUser: 'system:node:n',
  });
});
