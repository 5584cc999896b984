// A pod's address, on a real kubelet and containerd with the unpatched bridge plugin and holdfast-ipam.
import test from 'ava';
import { startAddressedLab } from './addressed-lab.ts';
import { addressesAnew } from './addressed-pods.ts';
import type { NodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { nodeUnavailable } from './requirements.ts';
import { cutOff } from './settled-node.ts';

let lab: NodeLab;
let before: ReadonlyMap<string, string>;
if (nodeUnavailable() === undefined) {
  test.before(async (t) => {
    t.timeout(900_000, 'the first run builds Kubernetes');
    ({ lab, addresses: before } = await startAddressedLab());
  });
  test.after.always(() => lab?.stop());
}

onNode('every pod has its address again after a loss of power, cut off from the cloud', async (t) => {
  const pods = await lab.podsOnNode();
  await cutOff(t, lab);
  await lab.node.powerLoss();
  await lab.node.boot();
  t.deepEqual(await addressesAnew(lab, pods), before);
  await lab.cloud.heal();
  t.deepEqual(await addressesAnew(lab, pods, lab.pods), before, 'and the cloud knows it');
});

onNode('every pod has its address again after a loss of power with the cloud in reach', async (t) => {
  const pods = await lab.podsOnNode();
  await lab.linkIs('online');
  await lab.node.powerLoss();
  await lab.node.boot();
  t.deepEqual(await addressesAnew(lab, pods), before);
});
