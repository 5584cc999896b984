// Does a node stay well on a link that flaps? Cuts of 5 to 60 s with as much between them, of both kinds, while pods come and go
// in the cloud and static pods on the node, and kube-proxy keeps its rules. Prints a line a minute; ends with 1 when a pod was
// started twice, when writes are still owed, when cloud and node disagree, when kube-proxy has ended or hears nothing any more,
// or when the hub goes on growing.
//   npm run soak:node [-- --minutes 60 --seed 1]
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { seededRandom } from '../e2e/differential/random.ts';
import { eventually } from '../e2e/eventually.ts';
import { giveRights, startKubeProxy } from '../e2e/node/node-agents.ts';
import { startNodeLab } from '../e2e/node/node-lab.ts';
import { nodeUnavailable } from '../e2e/node/requirements.ts';
import { layOut, settle, whatRuns } from '../e2e/node/settled-node.ts';
import { countOfPods, pod, staticPod } from '../e2e/node/workloads.ts';
import { rssMb, trend } from './hub/process-figures.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: `${Date.now() % 10_000}` } },
});
const minutes = Number(values.minutes);
const { integer: below } = seededRandom(Number(values.seed));
const reason = nodeUnavailable();
if (reason !== undefined) {
  console.error(reason);
  process.exit(1);
}
console.log(`${minutes} minutes, seed ${values.seed}`);
const pods = '/api/v1/namespaces/default/pods';
/** In the second half, when what it keeps of the past is full. */
const growthLimitMbPerHour = 4;
const lab = await startNodeLab({ prepare: ({ node }) => layOut(node) });
const { node, cloud, plane } = lab;
const wrong: string[] = [];
const ending = new AbortController();
const { signal } = ending;
const counts = { cuts: 0, made: 0, deleted: 0, staticMade: 0, staticRemoved: 0 };
try {
  await lab.nodeReady();
  await settle(lab);
  const settled = await whatRuns(lab);
  await giveRights(plane);
  const kubeProxy = await startKubeProxy(lab);
  const hub = node.process('hub').pid;
  const lives = [repeat(flap), repeat(churnInCloud), repeat(churnOnNode)];
  const sizes: number[] = [];
  console.log('minute  RSS MB  anonymous MB  peak MB  link  owed  parked  in cloud  running  cuts');
  for (let minute = 1; minute <= minutes; minute++) {
    await delay(60_000);
    const { link, outbox } = await lab.status();
    const [known, running] = [await lab.pods(), await lab.running()];
    sizes.push(rssMb(hub));
    for (const { pod: name, attempt } of running)
      if (attempt > 0) wrong.push(`minute ${minute}: ${name} was started again`);
    for (const { name, restarts } of known)
      if (restarts > 0) wrong.push(`minute ${minute}: the cloud says that ${name} was started again`);
    const memory = [sizes.at(-1)!, rssMb(hub, 'RssAnon'), rssMb(hub, 'VmHWM')].map((mb) => mb.toFixed(1));
    const figures = [minute, ...memory, link.state, outbox.waiting];
    console.log([...figures, outbox.parked, known.length, running.length, counts.cuts].join('  '));
  }
  ending.abort();
  await Promise.all(lives);
  await cloud.heal();
  await lab.linkIs('online');
  await eventually('nothing is owed', async () => (await lab.status()).outbox.waiting === 0, { timeoutMs: 60_000 });
  const agree = async () => {
    const inCloud = (await lab.pods()).filter(({ phase }) => phase === 'Running').map(({ name }) => name);
    return `${inCloud.sort()}` === `${(await lab.running()).map(({ pod: name }) => name).sort()}`;
  };
  await eventually('cloud and node agree', agree, { timeoutMs: 60_000 });
  const now = await whatRuns(lab);
  for (const [name, id] of Object.entries(settled)) if (now[name] !== id) wrong.push(`${name} is not the one it was`);
  if (Object.keys(settled).length !== countOfPods) wrong.push('not every pod ran in the beginning');
  const { parked } = (await lab.status()).outbox;
  if (parked > 0) wrong.push(`${parked} writes are parked`);
  // As one that came while the link was cut would.
  if (kubeProxy.hasEnded) wrong.push('kube-proxy has ended');
  await plane.admin.expect('POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'late' },
    spec: { clusterIP: '10.96.0.77', ports: [{ port: 80 }] },
  });
  const hasRule = async () => (await node.run(['iptables-save'])).includes('default/late');
  await eventually('kube-proxy hears of a new Service', hasRule, { timeoutMs: 60_000 }).catch((error: Error) => {
    wrong.push(error.message);
  });
  const half = sizes.slice(Math.floor(sizes.length / 2));
  const { perStep, error } = trend(half);
  const [perHour, errorPerHour] = [perStep * 60, error * 60];
  console.log(`in the second half ${perHour.toFixed(1)} ± ${errorPerHour.toFixed(1)} MB an hour`);
  if (perHour - 2 * errorPerHour > growthLimitMbPerHour) wrong.push('the hub goes on growing');
  console.log(
    Object.entries(counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(', '),
  );
} finally {
  ending.abort();
  await lab.stop();
}
console.log(wrong.length === 0 ? 'well' : wrong.join('\n'));
process.exitCode = wrong.length === 0 ? 0 : 1;

/** Until the end. */
async function repeat(step: () => Promise<void>): Promise<void> {
  while (!signal.aborted) await step();
}

/** Wakes up early at the end. */
function pause(fromMs: number, toMs: number): Promise<void> {
  return delay(fromMs + below(toMs - fromMs), undefined, { signal }).catch(() => undefined);
}

async function flap(): Promise<void> {
  await pause(5_000, 60_000);
  await cloud.cut(below(2) === 0 ? 'drop' : 'down');
  counts.cuts += 1;
  await pause(5_000, 60_000);
  await cloud.heal();
}

async function churnInCloud(): Promise<void> {
  await pause(1_000, 8_000);
  const there = (await lab.pods()).filter(({ name, isBeingDeleted }) => name.startsWith('churn-') && !isBeingDeleted);
  if (there.length < 6 && below(3) > 0) {
    counts.made += 1;
    await plane.admin.expect('POST', pods, pod(`churn-${counts.made}`, { spec: { nodeName: node.name } }));
  } else if (there.length > 0) {
    counts.deleted += 1;
    await plane.admin.expect('DELETE', `${pods}/${there[below(there.length)]!.name}`);
  }
}

async function churnOnNode(): Promise<void> {
  await pause(5_000, 25_000);
  const fileOf = (n: number) => join(node.manifestDirectory, `static-${n}.yaml`);
  if (counts.staticMade > counts.staticRemoved) {
    rmSync(fileOf(counts.staticMade));
    counts.staticRemoved += 1;
    return;
  }
  counts.staticMade += 1;
  // A port of its own: the one before may not have ended yet.
  writeFileSync(
    fileOf(counts.staticMade),
    stringify(staticPod(`static-${counts.staticMade}`, 8100 + counts.staticMade)),
  );
}
