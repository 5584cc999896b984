// A cluster that nobody but this node writes to: its versions do not pass those that were given out here during a cut.
import { eventually } from '../eventually.ts';
import { startNodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { cutOff, isReadyIn, whatRuns } from './settled-node.ts';
import { pod } from './workloads.ts';

const pods = '/api/v1/namespaces/default/pods';

onNode('in a cluster that stood still, too, a pod made during a cut runs within 20 s of the heal', async (t) => {
  const lab = await startNodeLab({ isQuiet: true });
  t.teardown(() => lab.stop());
  const { node, plane, cloud } = lab;
  await lab.nodeReady();
  await plane.admin.expect('POST', pods, pod('first', { spec: { nodeName: node.name } }));
  await lab.podsAre('the first runs', (all) => isReadyIn(all, 'first'));
  await lab.kubeletWorks(0);
  await cutOff(t, lab);
  // Each life of the hub begins with versions above all that the one before may have given out.
  for (let life = 0; life < 2; life += 1) {
    await node.powerLoss();
    await node.boot();
    const isBack = async () => (await lab.podsOnNode()).some((one) => one.isReady && one.restarts === life + 1);
    await eventually('the pod is back', isBack, { timeoutMs: 60_000 });
  }
  const before = await whatRuns(lab);
  await plane.admin.expect('POST', pods, pod('late', { spec: { nodeName: node.name } }));
  await cloud.heal();
  const healedAt = performance.now();
  await lab.podsAre('a pod made in the cloud runs', (all) => isReadyIn(all, 'late'), 20_000);
  t.log(`${((performance.now() - healedAt) / 1000).toFixed(1)} s after the heal`);
  const { late, ...others } = await whatRuns(lab);
  t.truthy(late);
  t.deepEqual(others, before);
});
