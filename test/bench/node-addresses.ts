// Whether pods keep their addresses when a whole node starts anew: ten pods of every owner on a real kubelet and containerd
// with the bridge plugin, in turns cut off from the cloud and with it. Prints how many of each owner had another address.
//   npm run bench:addresses [-- --rounds 20 --plugin holdfast-ipam|host-local --run memory|disk]
// With --run disk the files that network namespaces were mounted on are still there after each loss of power.
import { parseArgs } from 'node:util';
import {
  addressesAnew,
  changed,
  type Owner,
  ownerOf,
  owners,
  putStaticPods,
  settleAddressed,
} from '../e2e/node/addressed-pods.ts';
import { type NodeLab, startNodeLab } from '../e2e/node/node-lab.ts';
import { nodeUnavailable } from '../e2e/node/requirements.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    plugin: { type: 'string', default: 'holdfast-ipam' },
    run: { type: 'string', default: 'memory' },
  },
});
const { plugin, run } = values;
if (run !== 'memory' && run !== 'disk') throw new TypeError(`--run ${run}: where is that?`);
if (plugin !== 'holdfast-ipam' && plugin !== 'host-local') throw new TypeError(`--plugin ${plugin}: which is that?`);
const reason = nodeUnavailable();
if (reason !== undefined) {
  console.error(reason);
  process.exit(1);
}

const ways = ['cut off', 'cloud reachable'] as const;
const total: Record<(typeof ways)[number], Record<Owner, { pods: number; changed: number }>> = {
  'cut off': none(),
  'cloud reachable': none(),
};
const lab = await startNodeLab({
  ipam: plugin,
  runDirectory: run,
  isQuiet: true,
  prepare: async ({ node }) => putStaticPods(node),
});
try {
  await lab.nodeReady();
  let before = await settleAddressed(lab);
  await lab.kubeletWorks(0);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const way of ways) {
      const after = await reboot(lab, way === 'cut off');
      const others = changed(before, after);
      for (const name of before.keys()) {
        const row = total[way][ownerOf({ name })];
        row.pods += 1;
        row.changed += Number(others.includes(name));
      }
      console.log(`  round ${round + 1}, ${way}: ${others.length} of ${before.size} changed ${others.join(' ')}`);
      before = after;
    }
  }
  console.log(`\n| ${plugin} | ${ways.join(' | ')} |\n|---|---|---|`);
  for (const owner of owners) {
    const cells = ways.map((way) => `${total[way][owner].changed} of ${total[way][owner].pods} changed`);
    console.log(`| ${owner} | ${cells.join(' | ')} |`);
  }
} finally {
  await lab.stop();
}

async function reboot(at: NodeLab, isCutOff: boolean): Promise<ReadonlyMap<string, string>> {
  const { node, cloud } = at;
  const before = await at.podsOnNode();
  if (isCutOff) {
    await cloud.cut();
    await at.get('/version');
    await at.linkIs('offline');
  }
  await node.powerLoss();
  await node.boot();
  const after = await addressesAnew(at, before);
  if (isCutOff) {
    await cloud.heal();
    await at.linkIs('online');
    await addressesAnew(at, before, at.pods);
  }
  return after;
}

function none(): Record<Owner, { pods: number; changed: number }> {
  const row = () => ({ pods: 0, changed: 0 });
  return { deployment: row(), statefulset: row(), bare: row(), static: row() };
}
