// An address that nobody gave back, on a real node.
import test from 'ava';
import { eventually } from '../eventually.ts';
import { startAddressedLab } from './addressed-lab.ts';
import { heldAddresses, heldByTheLivingAlone, ipamLs } from './addresses-on-disk.ts';
import { loseSandbox } from './lost-sandbox.ts';
import type { NodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { nodeUnavailable } from './requirements.ts';

let lab: NodeLab;
let before: ReadonlyMap<string, string>;
if (nodeUnavailable() === undefined) {
  test.before(async (t) => {
    t.timeout(900_000, 'the first run builds Kubernetes');
    ({ lab, addresses: before } = await startAddressedLab({ isQuiet: true }));
  });
  test.after.always(() => lab?.stop());
}

onNode(
  'an address whose DEL never came is free again when the runtime has told that nobody has it, not before',
  async (t) => {
    const { node, plane } = lab;
    const [name, address] = [...before].find(([pod]) => pod === 'bare-0')!;
    await loseSandbox(lab, name, address);
    await plane.admin.expect('DELETE', `/api/v1/namespaces/default/pods/${name}`, { gracePeriodSeconds: 0 });
    const isAsked = async () => /container runtime/.test((await lab.status()).addresses.problem ?? '');
    await eventually('the hub has asked a runtime that does not answer', isAsked, { timeoutMs: 90_000, everyMs: 500 });
    t.true(heldAddresses(node).has(address), 'nothing is freed while nobody can say');
    t.deepEqual(
      (await ipamLs(node, '--leaked')).map(({ address, pod }) => [address, pod]),
      [[address, name]],
    );

    await node.start('containerd');
    await node.start('kubelet');
    const began = performance.now();
    const isFree = async () => !heldAddresses(node).has(address);
    await eventually('its address is free', isFree, { timeoutMs: 200_000, everyMs: 500 });
    t.log(`free ${Math.round((performance.now() - began) / 1000)} s after the runtime was there again`);
    t.deepEqual(await ipamLs(node, '--leaked'), []);
    await heldByTheLivingAlone(node);
    const now = new Map((await lab.podsOnNode()).map(({ name, address }) => [name, address]));
    t.deepEqual(now, new Map([...before].filter(([pod]) => pod !== name)), 'no other is touched');
    t.regex(
      await node.run(['curl', '-s', 'http://127.0.0.1:10267/metrics']),
      /^holdfast_ipam_leaks_reclaimed_total 1$/m,
    );
  },
);
