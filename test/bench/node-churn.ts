// Whether addresses leak while pods come and go: real kubelets and containerds with the bridge plugin and holdfast-ipam, waves of ten
// pods of a Deployment and ten of a StatefulSet on each node, every other wave forced, beside ten pods that stay. Ends with 1 when an
// address is held by no sandbox, when one is on record that nobody waits for, or when a pod that stayed has another address.
//   npm run bench:churn [-- --cycles 200 --nodes 2]
import { parseArgs } from 'node:util';
import { eventually } from '../e2e/eventually.ts';
import { putStaticPods, settleAddressed } from '../e2e/node/addressed-pods.ts';
import { addressesOnRecord, heldAddresses, heldByTheLivingAlone, ipamLs } from '../e2e/node/addresses-on-disk.ts';
import { churnWave, endChurn, startChurn } from '../e2e/node/churn.ts';
import type { EdgeNode } from '../e2e/node/edge-node.ts';
import { startNodeLab } from '../e2e/node/node-lab.ts';
import { nodeUnavailable } from '../e2e/node/requirements.ts';

const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '200' }, nodes: { type: 'string', default: '2' } },
});
const each = 10;
const reason = nodeUnavailable();
if (reason !== undefined) {
  console.error(reason);
  process.exit(1);
}
const wrong: string[] = [];
const names = Array.from({ length: Number(values.nodes) }, (_, n) => `edge-${n + 1}`);
await Promise.all(names.map((name) => churnOn(name, Number(values.cycles))));
console.log(wrong.length === 0 ? 'no address has leaked' : wrong.join('\n'));
process.exitCode = wrong.length === 0 ? 0 : 1;

async function churnOn(nodeName: string, cycles: number): Promise<void> {
  const say = (what: string): void => console.log(`${nodeName}: ${what}`);
  const prepare = async ({ node }: { readonly node: EdgeNode }) => putStaticPods(node);
  const lab = await startNodeLab({ nodeName, ipam: 'holdfast-ipam', isQuiet: true, prepare });
  const { node } = lab;
  const counts = (): string => `${heldAddresses(node).size} held, ${addressesOnRecord(node).length} on record`;
  try {
    await lab.nodeReady();
    const stayed = await settleAddressed(lab);
    await startChurn(lab, each);
    for (let done = 0, wave = 1; done < cycles; wave++) {
      const { sameAddress, slowestReadyS, isForced, ...gone } = await churnWave(lab, wave % 2 === 0);
      done += gone.cycles;
      const how = isForced ? 'forced' : 'orderly';
      say(`${done} cycles, ${how}: ${sameAddress} of ${each} kept theirs, ready after ${slowestReadyS} s; ${counts()}`);
      if (!isForced && sameAddress < each)
        wrong.push(`${nodeName}: ${each - sameAddress} of the StatefulSet have another`);
    }
    await check(`after ${cycles} cycles`, stayed.size + 2 * each, 0);
    await endChurn(lab);
    // Of a StatefulSet that is gone as a whole the addresses wait for another of its name, for a week.
    await check('after all have gone', stayed.size, each);
    const now = new Map((await lab.pods('default')).map(({ name, address }) => [name, address]));
    for (const [name, address] of stayed)
      if (now.get(name) !== address) wrong.push(`${nodeName}: ${name} has not ${address} any more`);
  } finally {
    await lab.stop();
  }

  async function check(when: string, live: number, awaited: number): Promise<void> {
    await heldByTheLivingAlone(node).catch((error: Error) => wrong.push(`${nodeName} ${when}: ${error.cause}`));
    say(`${when}: ${counts()}`);
    const leaked = await ipamLs(node, '--leaked');
    for (const { address, state } of leaked) wrong.push(`${nodeName} ${when}: ${address} is ${state}`);
    // A minute until it is sure that they are gone, one that their connections have, and one until somebody looks.
    const isTidy = async () => addressesOnRecord(node).length === live + awaited;
    const patience = { timeoutMs: 240_000, everyMs: 1000 };
    await eventually('none is on record that nobody waits for', isTidy, patience).catch(() =>
      wrong.push(`${nodeName} ${when}: ${addressesOnRecord(node).length} on record`),
    );
    const held = heldAddresses(node).size;
    if (held !== live) wrong.push(`${nodeName} ${when}: ${held} of ${live} are held`);
    say(`${when}, what nobody waits for forgotten: ${counts()}`);
  }
}
