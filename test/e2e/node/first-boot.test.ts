import { setTimeout as delay } from 'node:timers/promises';
import { startNodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { isReadyIn } from './settled-node.ts';
import { pod } from './workloads.ts';

/** How long it has to live so; five minutes by hand, which is when it would give up: HOLDFAST_E2E_WAIT_SECONDS=300. */
const waitMs = Number(process.env.HOLDFAST_E2E_WAIT_SECONDS ?? 0) * 1000;

onNode('case 31: a kubelet whose CSINode nobody knows waits for the cloud, and lives', async (t) => {
  t.timeout(waitMs + 240_000, 'a long first boot');
  const lab = await startNodeLab({ prepare: ({ cloud }) => cloud.cut() });
  t.teardown(() => lab.stop());
  await lab.linkIs('offline');
  const csiNode = await lab.get(`/apis/storage.k8s.io/v1/csinodes/${lab.node.name}`);
  t.is(csiNode.status, 503);
  t.is(JSON.parse(csiNode.body).kind, 'Status');
  t.is((await lab.get('/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-1')).status, 503, 'never an empty list');
  await delay(waitMs);
  // Its attempts to register are refused again and again; nothing else would say that it is still at it.
  await lab.kubeletSays(/Unable to register node with API server/, 3);
  t.false(lab.node.process('kubelet').hasEnded);

  await lab.plane.admin.expect(
    'POST',
    '/api/v1/namespaces/default/pods',
    pod('early', { spec: { nodeName: lab.node.name } }),
  );
  await lab.cloud.heal();
  await lab.nodeReady();
  await lab.podsAre('the first pod runs', (all) => isReadyIn(all, 'early'));
});
