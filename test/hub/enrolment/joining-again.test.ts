import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as at } from 'node:path';
import test from 'ava';
import { writeCloudDirectory } from '../../../src/hub/enrolment/cloud-directory.ts';
import { join, joinState, pointKubelet } from '../../../src/hub/enrolment/join.ts';
import { leave } from '../../../src/hub/enrolment/leave.ts';

interface Machine {
  readonly dataDir: string;
  readonly first: string;
  readonly other: string;
  point(kubeletConf: string): Promise<void>;
}

/** Joined, with kubelet's kubeconfig in a place of its own. */
async function joinedMachine(t: { teardown(end: () => void): void }): Promise<Machine> {
  const directory = mkdtempSync(at(tmpdir(), 'holdfast-again-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const dataDir = at(directory, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const [first, other] = [at(directory, 'openyurt.conf'), at(directory, 'kubelet.conf')];
  writeFileSync(first, 'what kubelet reads');
  await writeCloudDirectory(dataDir, { kubeconfig: 'k', authority: 'a', current: 'c', enrolment: undefined });
  const leg = { dataDir, nodeName: 'n', groups: ['system:nodes'], listen: [{ host: '127.0.0.1', port: 10268 }] };
  const point = (kubeletConf: string) => pointKubelet({ ...leg, kubeletConf, wallClock: Date.now });
  await point(first);
  return { dataDir, first, other, point };
}

test('a machine that was joined with another kubeconfig of kubelet has joined, and that one is named', async (t) => {
  const { dataDir, first, other } = await joinedMachine(t);
  t.deepEqual(await joinState(dataDir, other), { kind: 'joined', elsewhere: first });
  t.deepEqual(await joinState(dataDir, first), { kind: 'joined', elsewhere: undefined });
  writeFileSync(first, 'what kubelet reads');
  t.deepEqual(await joinState(dataDir, first), { kind: 'unfinished' });
});

test('the kubeconfig that a join replaced is the one that leaving puts back, whatever was tried in between', async (t) => {
  const { dataDir, first, other, point } = await joinedMachine(t);
  await t.throwsAsync(point(other), {
    code: 'HOLDFAST_JOIN_OTHER_KUBECONFIG',
    message: /openyurt\.conf.*kubelet\.conf.*holdfast leave/,
  });
  t.false(existsSync(other));
  t.deepEqual(readdirSync(dataDir).toSorted(), ['before-join', 'cloud', 'kubeconfig', 'pki']);
  const { restored } = await leave(dataDir, { replacesChanges: false, nowMs: Date.now() });
  t.is(restored?.path, first);
  t.is(readFileSync(first, 'utf8'), 'what kubelet reads');
});

test('an identity is not replaced for another kubeconfig of kubelet, and the cluster is not asked for one', async (t) => {
  const { dataDir, other } = await joinedMachine(t);
  const contact = {
    place: { server: 'http://127.0.0.1:1', authority: undefined },
    credential: { token: 't' },
    nodeName: undefined,
    enrolment: undefined,
    source: '--token',
  };
  const order = { dataDir, nodeName: 'n', contact, enrolment: undefined, listen: [], machineId: undefined };
  const mayNotBeUsed = new Proxy({} as never, {
    get: (_, name) => t.fail(`${String(name)} was used`),
  });
  await t.throwsAsync(join({ ...order, kubeletConf: other }, mayNotBeUsed), { code: 'HOLDFAST_JOIN_OTHER_KUBECONFIG' });
});
