// What ends uncleanly on a real node, and what it leaves of addresses: a killed runtime, network namespaces that a loss of power
// turned into empty files, pods that are deleted before they have ended.
import test from 'ava';
import { eventually } from '../eventually.ts';
import { startAddressedLab } from './addressed-lab.ts';
import { addressesAnew } from './addressed-pods.ts';
import { heldByTheLivingAlone, ipamLs } from './addresses-on-disk.ts';
import { churnWave, endChurn, startChurn } from './churn.ts';
import { followService } from './followed-service.ts';
import { beginRangeAt, foundReadyAt, killSandbox } from './moved-pod.ts';
import { giveRights, startKubeProxy } from './node-agents.ts';
import type { NodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { nodeUnavailable } from './requirements.ts';
import { killRuntime } from './runtime-crash.ts';
import { cutOff } from './settled-node.ts';

let lab: NodeLab;
let before: ReadonlyMap<string, string>;
if (nodeUnavailable() === undefined) {
  test.before(async (t) => {
    t.timeout(900_000, 'the first run builds Kubernetes');
    ({ lab, addresses: before } = await startAddressedLab({ runDirectory: 'disk', isQuiet: true }));
  });
  test.after.always(() => lab?.stop());
}

onNode('every pod has its address again after its runtime was killed with all that it ran', async (t) => {
  const { node } = lab;
  const pods = await lab.podsOnNode();
  await killRuntime(node);
  t.is((await ipamLs(node)).filter(({ state }) => state === 'held').length, before.size, 'their namespaces are there');
  await node.start('containerd');
  t.deepEqual(await addressesAnew(lab, pods), before);
  await heldByTheLivingAlone(node);
  t.deepEqual(await ipamLs(node, '--leaked'), []);
});

onNode(
  'network namespaces that a loss of power left as files, in the same boot, keep no pod from its address',
  async (t) => {
    const { node } = lab;
    const pods = await lab.podsOnNode();
    await cutOff(t, lab);
    await node.powerLoss();
    await node.boot({ hasBootIdOfBefore: true });
    t.deepEqual(await addressesAnew(lab, pods), before);
    await heldByTheLivingAlone(node);
    t.deepEqual(await ipamLs(node, '--leaked'), []);
  },
);

onNode('kube-proxy leads to a changed address within a second of kubelet’s word, cut off from the cloud', async (t) => {
  const { node } = lab;
  await giveRights(lab.plane);
  await followService(lab, 'deployment');
  const hurry = '--iptables-min-sync-period=50ms'; // of its own accord it waits for a second after it has written rules
  const proxy = await startKubeProxy(lab, 'iptables', [hurry]);
  t.teardown(() => proxy.stop('SIGKILL'));
  const leadsTo = async (address: string) =>
    (await node.run(['iptables-save', '-t', 'nat'])).includes(`--to-destination ${address}:8080`);
  const [name, address] = [...before].find(([pod]) => pod.startsWith('deployment-'))!;
  await eventually('it leads to the pod', () => leadsTo(address), { timeoutMs: 30_000 });

  await cutOff(t, lab);
  await beginRangeAt(node, '10.244.1.200');
  await killSandbox(node, address);
  const found = await eventually(
    'kube-proxy leads to the pod where it is now',
    async () => (await leadsTo('10.244.1.200')) && Date.now(),
    { timeoutMs: 60_000, everyMs: 10 },
  );
  const tookMs = found - (await foundReadyAt(lab, name));
  t.log(`${tookMs} ms after kubelet has found the pod ready`);
  t.true(tookMs < 1000, `${tookMs} ms`);
  t.false(await leadsTo(address));
  const { clusterIP } = JSON.parse((await lab.get('/api/v1/namespaces/default/services/deployment')).body).spec;
  t.regex(await node.run(['curl', '-s', '--max-time', '5', `http://${clusterIP}/`]), /^deployment-/);

  await lab.cloud.heal();
  await lab.linkIs('online');
  await lab.podsAre('the cloud knows it', (all) =>
    all.some((one) => one.name === name && one.address === '10.244.1.200'),
  );
  await beginRangeAt(node, undefined);
  before = new Map([...before, [name, '10.244.1.200']]);
});

onNode('pods that come and go leave no address behind, and those beside them keep theirs', async (t) => {
  const { node } = lab;
  const each = 5;
  await startChurn(lab, each);
  const { slowestReadyS, ...orderly } = await churnWave(lab, false);
  t.deepEqual(orderly, { cycles: 2 * each, isForced: false, sameAddress: each });
  t.log(`ready ${slowestReadyS} s after the start of its container at the latest`);
  t.true(slowestReadyS < 15, 'the node does not look for any of them where it was before');
  t.is((await churnWave(lab, true)).cycles, 2 * each);
  await heldByTheLivingAlone(node);
  t.deepEqual(await ipamLs(node, '--leaked'), []);
  await endChurn(lab);
  await heldByTheLivingAlone(node);
  const others = (await lab.podsOnNode()).map(({ name, address, restarts }) => [name, address, restarts]);
  t.deepEqual(new Map(others.map(([name, address]) => [name, address])), before);
});
