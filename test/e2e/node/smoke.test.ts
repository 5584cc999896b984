import { startNodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { deployment } from './workloads.ts';

onNode('a real kubelet registers through the hub and runs the pods of a Deployment', async (t) => {
  const lab = await startNodeLab();
  t.teardown(() => lab.stop());
  await lab.nodeReady();
  await lab.plane.admin.expect('POST', '/apis/apps/v1/namespaces/default/deployments', deployment('web', 3));
  const pods = await lab.podsAre('three are ready', (all) => all.filter(({ isReady }) => isReady).length === 3);
  t.deepEqual(
    pods.map(({ restarts }) => restarts),
    [0, 0, 0],
  );
  t.deepEqual((await lab.running()).map(({ podUid }) => podUid).sort(), pods.map(({ uid }) => uid).sort());
});
