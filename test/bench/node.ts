// How long a real node takes to come back, and a kubelet to register: through the hub, beside the same node without one, in
// turns, in one run. It has ten pods; after each reboot all of them start anew. What counts is the time from kubelet's start;
// from power on there is also containerd's start, and beside it the hub's.
//   npm run bench:node [-- --rounds 3]
import { parseArgs } from 'node:util';
import { eventually } from '../e2e/eventually.ts';
import { type NodeLab, startNodeLab } from '../e2e/node/node-lab.ts';
import type { PodFacts } from '../e2e/node/pod-facts.ts';
import { nodeUnavailable } from '../e2e/node/requirements.ts';
import { isJob, isSettled, layOut, settle } from '../e2e/node/settled-node.ts';
import { median } from './hub/process-figures.ts';
import { watchPods } from './pod-onlooker.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
const figures = new Map<string, number[]>();
/** Containers of all lives so far: a hub that was not used in the last one still shows those of the life before. */
const past = new Set<string>();
const patience = { timeoutMs: 120_000, everyMs: 20 };

const reason = nodeUnavailable();
if (reason !== undefined) {
  console.error(reason);
  process.exit(1);
}
const lab = await startNodeLab({ prepare: ({ node }) => layOut(node) });
try {
  await lab.nodeReady();
  for (let round = 0; round < rounds; round++) {
    await measure('kubelet start to Node registered: no hub', () => registers(lab, false));
    await measure('kubelet start to Node registered: hub', () => registers(lab, true));
  }
  await settle(lab);
  for (let round = 0; round < rounds; round++) {
    await reboots(lab, 'no hub, cloud reachable', { isHubUsed: false });
    await reboots(lab, 'hub, cloud reachable', { isHubUsed: true });
    await reboots(lab, 'hub, link cut', { isHubUsed: true, isCut: true });
    await measure('heal to the cloud has the truth', () => heals(lab));
  }
  for (const [name, times] of figures) {
    const range = `${Math.min(...times).toFixed(2)}-${Math.max(...times).toFixed(2)}`;
    console.log(`${name.padEnd(62)} ${median(times).toFixed(2)} s  (${range}, ${times.length} runs)`);
  }
} finally {
  await lab.stop();
}

async function measure(name: string, run: () => Promise<number>): Promise<void> {
  note(name, await run());
}

function note(name: string, ms: number): void {
  const seconds = ms / 1000;
  figures.set(name, [...(figures.get(name) ?? []), seconds]);
  console.log(`  ${name}: ${seconds.toFixed(2)} s`);
}

/** A node that the cloud does not know yet. */
async function registers({ node, plane }: NodeLab, isHubUsed: boolean): Promise<number> {
  const path = `/api/v1/nodes/${node.name}`;
  await node.stop('kubelet');
  await plane.admin.expect('DELETE', path);
  node.useHub(isHubUsed);
  const startedAt = performance.now();
  await node.start('kubelet');
  await eventually(
    'the node is registered',
    async () => (await plane.admin.request('GET', path)).status === 200,
    patience,
  );
  return performance.now() - startedAt;
}

/** Asked of whoever kubelet talks to. */
async function reboots(
  at: NodeLab,
  name: string,
  how: { readonly isHubUsed: boolean; readonly isCut?: boolean },
): Promise<void> {
  const { node, cloud } = at;
  await at.podsAre('the cloud has the truth', isSettled);
  for (const { containerIds } of await at.pods()) for (const id of containerIds) past.add(id);
  if (how.isCut) {
    await cloud.cut();
    await at.get('/version');
    await at.linkIs('offline');
  }
  await node.powerLoss();
  node.useHub(how.isHubUsed);
  const poweredAt = performance.now();
  await node.boot();
  const startedAt = performance.now();
  using onlooker = await watchPods(at, how.isHubUsed);
  const isBack = (all: readonly PodFacts[]) =>
    isSettled(all) && all.every((pod) => isJob(pod) || !pod.containerIds.some((id) => past.has(id)));
  await eventually('every pod is ready anew', () => isBack(onlooker.pods()), { ...patience, everyMs: 5 });
  const readyAt = performance.now();
  note(`kubelet start to last of 10 pods ready: ${name}`, readyAt - startedAt);
  note(`power on to last of 10 pods ready: ${name}`, readyAt - poweredAt);
}

async function heals(at: NodeLab): Promise<number> {
  const truth = new Set((await at.podsOnNode()).flatMap(({ containerIds }) => containerIds));
  await at.cloud.heal();
  const healedAt = performance.now();
  const isTrue = (all: readonly PodFacts[]) =>
    isSettled(all) && all.every(({ containerIds }) => containerIds.every((id) => truth.has(id)));
  await at.podsAre('the cloud has the truth', isTrue);
  return performance.now() - healedAt;
}
