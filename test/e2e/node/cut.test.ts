import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { stringify } from 'yaml';
import { eventually } from '../eventually.ts';
import { onNode } from './on-node.ts';
import { cutOff, isReadyIn, isSettled, settledNode, turnSwitch, whatRuns } from './settled-node.ts';
import { countOfPods, pod, staticPod } from './workloads.ts';

/** How long the long cut lasts; ten minutes by hand: HOLDFAST_E2E_CUT_SECONDS=600. */
const cutMs = Number(process.env.HOLDFAST_E2E_CUT_SECONDS ?? 60) * 1000;
const truthMs = 15_000;
// The cloud gives a node up after 40 s, so that a minute is long enough to see what comes of that.
const lab = settledNode(test, { controllerManagerArguments: ['--node-monitor-grace-period=40s'] });
const pods = '/api/v1/namespaces/default/pods';
let lateAfterMs = Number.NaN;

/** Healed; resolves when the cloud has every pod of the node ready, at most 15 s later. */
async function heal(): Promise<void> {
  await lab().cloud.heal();
  await lab().linkIs('online');
  await lab().podsAre('the cloud has the truth', isSettled, truthMs);
}

onNode('a real kubelet registers through the hub and runs the pods of a Deployment', async (t) => {
  await lab().nodeReady();
  const web = (await lab().pods()).filter(({ name }) => name.startsWith('web-'));
  t.deepEqual(
    web.map(({ isReady, restarts }) => [isReady, restarts]),
    [
      [true, 0],
      [true, 0],
    ],
  );
});

onNode(
  'pods with a ConfigMap, a Secret, tokens, an emptyDir, probes, a Job and a static pod run through the hub',
  async (t) => {
    const all = await lab().pods();
    t.true(isSettled(all));
    t.true(all.every(({ restarts }) => restarts === 0));
    const inCloud = all.flatMap(({ phase, uid }) => (phase === 'Running' ? [uid] : []));
    const onNode = (await lab().running()).map(({ podUid }) => podUid);
    t.is(onNode.length, countOfPods);
    // The runtime knows a static pod by another uid than its mirror has in the cloud.
    t.is(inCloud.filter((uid) => onNode.includes(uid)).length, countOfPods - 1);
  },
);

onNode('a long cut disturbs no pod; what changed in it is in the cloud within 15 s of the heal', async (t) => {
  t.timeout(cutMs + 240_000, 'a long cut');
  const { node, cloud, plane } = lab();
  const before = await whatRuns(lab());
  await cutOff(t, lab());
  const began = performance.now();
  const packetsBefore = await node.packetsFromCloud();
  turnSwitch(node, 'off');
  await eventually('the hub has heard it', async () => !isReadyIn(await lab().podsOnNode(), 'switched'));
  t.true(isReadyIn(await lab().pods(), 'switched'), 'the cloud has not');
  await delay(cutMs - (performance.now() - began));
  t.is(await node.packetsFromCloud(), packetsBefore);
  t.deepEqual(await whatRuns(lab()), before);
  t.true(
    (await lab().pods()).every(({ isReady }) => !isReady),
    'the cloud has given the node up',
  );
  // Made while the node is away, and meant for it.
  await plane.admin.expect('POST', pods, pod('late', { spec: { nodeName: node.name } }));
  await cloud.heal();
  const healedAt = performance.now();
  await lab().podsAre('a pod made in the cloud runs', (all) => isReadyIn(all, 'late'), truthMs);
  lateAfterMs = performance.now() - healedAt;
  const truth = await lab().podsAre(
    'the cloud has the truth',
    (all) => all.filter(({ isReady }) => isReady).length === countOfPods && !isReadyIn(all, 'switched'),
    truthMs - lateAfterMs,
  );
  t.log(`the cloud had the truth ${seconds(healedAt)} after the heal of a cut of ${cutMs / 1000} s`);
  t.true(truth.every(({ restarts }) => restarts === 0));
  const { late, ...after } = await whatRuns(lab());
  t.truthy(late);
  t.deepEqual(after, before);
});

onNode('kubelet’s watches are held through the cut: a pod made meanwhile runs within 10 s of the heal', async (t) => {
  t.log(`${(lateAfterMs / 1000).toFixed(1)} s`);
  t.true(lateAfterMs < 10_000, `${lateAfterMs} ms`);
  const log = await lab().kubeletLog();
  for (const kind of ['Pod', 'Node', 'Service']) {
    const readings = log.match(new RegExp(`"Caches populated" type="\\*v1\\.${kind}"`, 'g'));
    t.is(readings?.length, 1, `${kind} was read once, before the cut`);
  }
  turnSwitch(lab().node, 'on');
  await lab().plane.admin.expect('DELETE', `${pods}/late`);
  await lab().podsAre('all is as it was', (all) => isSettled(all) && all.every(({ name }) => name !== 'late'));
});

onNode('case 34: a kubelet that is restarted offline kills no pod', async (t) => {
  const { node } = lab();
  const before = await whatRuns(lab());
  await cutOff(t, lab());
  await node.stop('kubelet', 'SIGKILL');
  await node.start('kubelet');
  await lab().kubeletWorks(5_000);
  t.deepEqual(await whatRuns(lab()), before);
  t.true(isSettled(await lab().podsOnNode()));
  const log = await lab().kubeletLog();
  t.regex(log, /Node was previously registered/, 'case 21: POST of the node is 409, and kubelet goes on');
  await heal();
  t.deepEqual(await whatRuns(lab()), before);
  t.true((await lab().pods()).every(({ restarts }) => restarts === 0));
});

onNode('case 21: offline, a node that is there already is 409, and kubelet registers', async (t) => {
  await cutOff(t, lab());
  const answer = await lab().request('POST', '/api/v1/nodes', { metadata: { name: lab().node.name } });
  t.is(answer.status, 409);
  t.is(JSON.parse(answer.body).reason, 'AlreadyExists');
  await heal();
});

onNode('case 31: offline, the CSINode that is known is 200', async (t) => {
  await cutOff(t, lab());
  t.is((await lab().get(`/apis/storage.k8s.io/v1/csinodes/${lab().node.name}`)).status, 200);
  await heal();
});

onNode('case 32: offline, a request for a certificate is 503, and kubelet lives', async (t) => {
  await cutOff(t, lab());
  const request = {
    metadata: { generateName: 'csr-' },
    spec: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', request: 'eA==', usages: ['client auth'] },
  };
  const answer = await lab().request('POST', '/apis/certificates.k8s.io/v1/certificatesigningrequests', request);
  t.is(answer.status, 503);
  t.is(JSON.parse(answer.body).kind, 'Status');
  await lab().kubeletWorks(1_000);
  await heal();
});

onNode('case 33: offline, kinds of which there are none are an empty list', async (t) => {
  await cutOff(t, lab());
  for (const path of ['/apis/storage.k8s.io/v1/csidrivers', '/apis/node.k8s.io/v1/runtimeclasses']) {
    const { status, body } = await lab().get(path);
    t.is(status, 200, path);
    t.deepEqual(JSON.parse(body).items, [], path);
  }
  await heal();
});

onNode('a hub that is killed offline disturbs no pod and forgets nothing that it acknowledged', async (t) => {
  const { node } = lab();
  const before = await whatRuns(lab());
  await cutOff(t, lab());
  turnSwitch(node, 'off');
  await eventually('the hub has heard it', async () => !isReadyIn(await lab().podsOnNode(), 'switched'));
  await node.stop('hub', 'SIGKILL');
  await node.start('hub');
  t.false(isReadyIn(await lab().podsOnNode(), 'switched'));
  await lab().kubeletWorks(2_000);
  t.deepEqual(await whatRuns(lab()), before);
  await lab().cloud.heal();
  await lab().podsAre('the cloud has heard it', (all) => !isReadyIn(all, 'switched'), truthMs);
  turnSwitch(node, 'on');
  await lab().podsAre('all is as it was', isSettled);
  t.deepEqual(await whatRuns(lab()), before);
});

onNode('a containerd that is killed offline and comes back later disturbs no pod', async (t) => {
  const { node } = lab();
  const before = await whatRuns(lab());
  await cutOff(t, lab());
  await node.stop('containerd', 'SIGKILL');
  await lab().kubeletWorks(1_000);
  await node.start('containerd');
  turnSwitch(node, 'off');
  await eventually('the hub hears of changes', async () => !isReadyIn(await lab().podsOnNode(), 'switched'));
  turnSwitch(node, 'on');
  await eventually('all is as it was', async () => isSettled(await lab().podsOnNode()), { timeoutMs: 30_000 });
  t.deepEqual(await whatRuns(lab()), before);
  t.true((await lab().podsOnNode()).every(({ restarts }) => restarts === 0));
  await heal();
  t.deepEqual(await whatRuns(lab()), before);
});

onNode('case 55: a pod that was deleted in the cloud during the cut is ended after it', async (t) => {
  const { plane } = lab();
  await plane.admin.expect('POST', pods, pod('doomed'));
  await lab().podsAre('it runs', (all) => isReadyIn(all, 'doomed'));
  const before = await whatRuns(lab());
  await cutOff(t, lab());
  await plane.admin.expect('DELETE', `${pods}/doomed`);
  t.deepEqual(await whatRuns(lab()), before);
  await lab().cloud.heal();
  await lab().podsAre('it is gone from the cloud', (all) => all.every(({ name }) => name !== 'doomed'), truthMs);
  const { doomed, ...others } = before;
  t.truthy(doomed);
  t.deepEqual(await whatRuns(lab()), others);
});

onNode(
  'case 54: a pod that was replaced under its name during the cut runs as the new one, and only that',
  async (t) => {
    const { plane, node } = lab();
    await plane.admin.expect('POST', pods, pod('heir', { spec: { nodeName: node.name } }));
    const first = await lab().podsAre('the first runs', (all) => isReadyIn(all, 'heir'));
    const before = await whatRuns(lab());
    await cutOff(t, lab());
    await plane.admin.expect('DELETE', `${pods}/heir`, { gracePeriodSeconds: 0 });
    await plane.admin.expect('POST', pods, pod('heir', { spec: { nodeName: node.name } }));
    // Of the old one there is something to tell, and nobody left to tell it to.
    t.deepEqual(await whatRuns(lab()), before);
    await lab().cloud.heal();
    const second = await lab().podsAre('the second runs', (all) => isReadyIn(all, 'heir'), truthMs);
    const uidOf = (all: typeof first) => all.find(({ name }) => name === 'heir')!.uid;
    t.not(uidOf(second), uidOf(first));
    await eventually('the old one has ended', async () =>
      (await lab().running()).every(({ podUid }) => podUid !== uidOf(first)),
    );
    const { heir, ...others } = await whatRuns(lab());
    t.not(heir, before.heir);
    const { heir: _, ...othersBefore } = before;
    t.deepEqual(others, othersBefore);
    await plane.admin.expect('DELETE', `${pods}/heir`);
    await lab().podsAre('all is as it was', (all) => isSettled(all) && all.every(({ name }) => name !== 'heir'));
  },
);

onNode(
  'case 56: labels and taints that the cloud gave the node during the cut stay, and the node is ready',
  async (t) => {
    const { plane, node } = lab();
    const path = `/api/v1/nodes/${node.name}`;
    await cutOff(t, lab());
    const taints = [{ key: 'e2e', value: 'away', effect: 'PreferNoSchedule' }];
    await plane.admin.expect('PATCH', path, { metadata: { labels: { given: 'during-the-cut' } }, spec: { taints } });
    await lab().kubeletWorks(1_000);
    await heal();
    await lab().nodeReady(truthMs);
    const found = await plane.admin.expect('GET', path);
    t.is(found.metadata.labels.given, 'during-the-cut');
    t.true(found.spec.taints.some(({ key }: { key: string }) => key === 'e2e'));
    const shown = JSON.parse((await lab().get(path)).body);
    t.is(shown.metadata.labels.given, 'during-the-cut');
  },
);

onNode(
  'a static pod that comes during a cut is shown at once, and is in the cloud after the heal as the same',
  async (t) => {
    const { node } = lab();
    await cutOff(t, lab());
    const file = join(node.manifestDirectory, 'latecomer.yaml');
    t.teardown(() => rmSync(file, { force: true }));
    writeFileSync(file, stringify(staticPod('latecomer', 8092)));
    const name = `latecomer-${node.name}`;
    await eventually('the hub shows it ready', async () => isReadyIn(await lab().podsOnNode(), name));
    const before = await whatRuns(lab());
    await lab().cloud.heal();
    await lab().podsAre('the cloud knows it', (all) => isReadyIn(all, name), truthMs);
    t.deepEqual(await whatRuns(lab()), before);
    rmSync(file);
    await lab().podsAre('all is as it was', (all) => isSettled(all) && all.every((one) => one.name !== name), 30_000);
  },
);

onNode('a static pod that goes during a cut is gone from the cloud after the heal', async (t) => {
  const { node } = lab();
  const file = join(node.manifestDirectory, 'early-leaver.yaml');
  t.teardown(() => rmSync(file, { force: true }));
  writeFileSync(file, stringify(staticPod('early-leaver', 8093)));
  const name = `early-leaver-${node.name}`;
  await lab().podsAre('it runs', (all) => isReadyIn(all, name));
  await cutOff(t, lab());
  rmSync(file);
  await eventually('the hub shows it no more', async () =>
    (await lab().podsOnNode()).every((one) => one.name !== name),
  );
  t.true(isReadyIn(await lab().pods(), name));
  await lab().cloud.heal();
  await lab().podsAre(
    'the cloud has it no more',
    (all) => isSettled(all) && all.every((one) => one.name !== name),
    truthMs,
  );
});

onNode('a carrier that is down is a cut like any other', async (t) => {
  const before = await whatRuns(lab());
  await cutOff(t, lab(), 'down');
  await lab().kubeletWorks(1_000);
  await heal();
  t.deepEqual(await whatRuns(lab()), before);
});

onNode('a kubelet that speaks JSON is served as well, also when it is restarted offline', async (t) => {
  const { node, plane } = lab();
  const before = await whatRuns(lab());
  node.configureKubelet({ contentType: 'application/json' });
  await node.stop('kubelet');
  await node.start('kubelet');
  await plane.admin.expect('POST', pods, pod('plain'));
  await lab().podsAre('a new pod runs', (all) => isReadyIn(all, 'plain'));
  await cutOff(t, lab());
  await node.stop('kubelet');
  await node.start('kubelet');
  await lab().kubeletWorks(3_000);
  const { plain, ...others } = await whatRuns(lab());
  t.truthy(plain);
  t.deepEqual(others, before);
  await plane.admin.expect('DELETE', `${pods}/plain`);
  await lab().cloud.heal();
  await lab().podsAre(
    'all is as it was',
    (all) => isSettled(all) && all.every(({ name }) => name !== 'plain'),
    truthMs,
  );
});

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
