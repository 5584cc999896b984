import test from 'ava';
import { eventually } from '../eventually.ts';
import { addressesBehind, addressesIn, followService, slicesOf } from './followed-service.ts';
import { onNode } from './on-node.ts';
import {
  cutOff,
  isJob,
  isReadyIn,
  isSettled,
  linesOfShared,
  putShared,
  settledNode,
  whatRuns,
} from './settled-node.ts';
import { countOfPods, pod, sharing } from './workloads.ts';

const lab = settledNode(test);
const pods = '/api/v1/namespaces/default/pods';
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

onNode('case 35: a node that loses power offline brings every pod back without a packet from the cloud', async (t) => {
  const { node, cloud } = lab();
  const before = await whatRuns(lab());
  const uids = new Map((await lab().pods()).map(({ name, uid }) => [name, uid]));
  await followService(lab(), 'web');
  const addressed = await addressesBehind(lab(), 'web');
  await cutOff(t, lab());
  await node.powerLoss();
  const poweredAt = performance.now();
  await node.boot();
  await eventually('every pod runs', async () => (await lab().running()).length === countOfPods, { timeoutMs: 60_000 });
  const isBack = (all: Parameters<typeof isSettled>[0]) =>
    isSettled(all) && all.every(({ restarts, name }) => isJob({ name }) || restarts > 0);
  await eventually('the hub knows it', async () => isBack(await lab().podsOnNode()), { timeoutMs: 30_000 });
  t.log(`every pod was ready ${seconds(poweredAt)} after power on`);
  const own = (await lab().podsOnNode()).filter(({ name }) => name.startsWith('web-')).map(({ address }) => address);
  const shown = await eventually(
    'EndpointSlices on the node show the pods where they are now',
    async () => {
      const addresses = await addressesBehind(lab(), 'web');
      return addresses.join() === own.sort().join() && addresses;
    },
    { timeoutMs: 1_000 },
  );
  t.log(`a Service had ${addressed.join(', ')} behind it before, and ${shown.join(', ')} after`);
  t.true((await node.everySandbox()).size > (await node.readySandboxes()).size, 'sandboxes of before are listed, too');
  t.is(await node.packetsFromCloud(), 0);
  const after = await whatRuns(lab());
  t.deepEqual(Object.keys(after).sort(), Object.keys(before).sort());
  t.true(Object.entries(after).every(([name, id]) => id !== before[name]));

  await cloud.heal();
  const healedAt = performance.now();
  const inCloud = await lab().podsAre('the cloud has the truth', isBack, 15_000);
  t.log(`the cloud had the truth ${seconds(healedAt)} after the heal`);
  t.deepEqual(new Map(inCloud.map(({ name, uid }) => [name, uid])), uids);
  t.deepEqual(await whatRuns(lab()), after);
  await eventually('the cloud has the same endpoints', async () => {
    const { corrected, addresses } = await endpointsAfterHeal();
    return corrected === 0 && addresses === shown.join();
  });
});

/** What the real controllers have made of it, and how many objects the hub still shows otherwise. */
async function endpointsAfterHeal(): Promise<{ corrected: number; addresses: string }> {
  const { plane, node } = lab();
  const slices = (await plane.admin.expect('GET', slicesOf('web'))).items;
  const metrics = await node.run(['curl', '-s', 'http://127.0.0.1:10267/metrics']);
  const corrected = Number(/^holdfast_endpoints_corrected (\d+)$/m.exec(metrics)?.[1]);
  return { corrected, addresses: addressesIn(slices).join() };
}

onNode('case 37: a Job that was done before the power was lost is not run again', async (t) => {
  t.is(linesOfShared(lab().node, 'runs'), 1);
  t.is((await lab().pods()).find(isJob)?.phase, 'Succeeded');
});

onNode(
  'case 37: a Job that is done offline is not run again after a power loss, and the cloud hears of it',
  async (t) => {
    const { node, cloud, plane } = lab();
    const order = pod('slow-once', {
      spec: { ...sharing.spec, restartPolicy: 'OnFailure', nodeName: node.name },
      container: {
        ...sharing.container,
        args: ['append', '/shared/slow-runs', 'ran', '/shared/go'],
        readinessProbe: undefined,
      },
    });
    await plane.admin.expect('POST', pods, order);
    await lab().podsAre('it runs', (all) => all.some(({ name, phase }) => name === 'slow-once' && phase === 'Running'));
    await cloud.cut();
    await lab().linkIs('offline');
    putShared(node, 'go', '');
    await eventually('the hub knows that it is done', async () =>
      (await lab().podsOnNode()).some(({ name, phase }) => name === 'slow-once' && phase === 'Succeeded'),
    );
    await node.powerLoss();
    await node.boot();
    await eventually('every pod runs', async () => (await lab().running()).length === countOfPods, {
      timeoutMs: 60_000,
    });
    await lab().kubeletWorks(5_000);
    t.is(linesOfShared(node, 'slow-runs'), 1);
    await cloud.heal();
    await lab().podsAre(
      'the cloud knows that it is done',
      (all) => all.some(({ name, phase }) => name === 'slow-once' && phase === 'Succeeded'),
      15_000,
    );
    t.is(linesOfShared(node, 'slow-runs'), 1);
  },
);

onNode('case 36: a pod that needs a label of the cloud is admitted after a power loss offline', async (t) => {
  const all = await lab().podsAre('it was started anew twice', (pods) =>
    pods.some(({ name, restarts, isReady }) => name === 'pinned' && restarts === 2 && isReady),
  );
  t.is(all.find(({ name }) => name === 'pinned')?.phase, 'Running');
  t.true(isReadyIn(await lab().podsOnNode(), 'pinned'));
});
