// Does the hub stay as small as it starts? An hour of a node's mixed life on a real kube-apiserver: reads of every kind,
// twenty watchers, changing pods, status writes, a cut every five minutes. Prints RSS and what is open, minute by minute.
//   npm run soak -- [--minutes 60]
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startControlPlane } from '../e2e/control-plane.ts';
import { startHub } from '../e2e/hub.ts';
import { startRelay } from '../e2e/relay.ts';
import { fillCluster, touchPods } from './hub/cluster.ts';
import { load, type Target } from './hub/load.ts';
import { rssMb } from './hub/process-figures.ts';
import { watch } from './hub/watch-load.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
const minutes = Number(values.minutes);
const nodeName = 'soak-1';
const pods = '/api/v1/pods';
const directory = mkdtempSync(join(tmpdir(), 'holdfast-soak-'));
const plane = await startControlPlane();
const relay = await startRelay(plane.apiPort);
const user = { groups: ['system:nodes', 'system:masters'], server: relay.url };
const hub = await startHub({
  kubeconfig: plane.kubeconfig(`system:node:${nodeName}`, user),
  nodeName,
  dataDir: join(directory, 'hub'),
  program: [process.execPath, join(import.meta.dirname, '..', '..', 'dist', 'main.js')],
});
try {
  await fillCluster(plane, { pods: 500, services: 200, nodeName });
  const target: Target = { name: 'holdfast', url: hub.loopbackUrl, pid: hub.pid };
  await load(target, { path: pods, requests: 1, concurrency: 1 });
  await watch(target, pods, 20);
  console.log('minute  RSS MB  peak MB  descriptors  link');
  const sizes: number[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    const isCut = minute % 5 === 0;
    await relay.set(isCut ? 'refuse' : 'pass');
    const until = performance.now() + 60_000;
    const changes = touchPods(plane, { perSecond: 10, seconds: 55 });
    let round = 0;
    while (performance.now() < until) {
      round += 1;
      await load(target, { path: pods, requests: 2, concurrency: 2, headers: gzip(round) });
      await load(target, { path: `${pods}?resourceVersion=0`, requests: 4, concurrency: 4 });
      await load(target, { path: '/api/v1/namespaces/default-ready/pods/pod-7', requests: 40, concurrency: 8 });
      await reportStatus(round);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await changes;
    sizes.push(rssMb(hub.pid));
    const { openFiles, state } = await look();
    const figures = [minute, sizes.at(-1)!.toFixed(0), rssMb(hub.pid, 'VmHWM').toFixed(0), openFiles, state];
    console.log(figures.map(String).join('  '));
  }
  const early = Math.max(...sizes.slice(0, 10));
  const late = Math.max(...sizes.slice(-10));
  console.log(`largest of the first ten minutes ${early.toFixed(0)} MB, of the last ten ${late.toFixed(0)} MB`);
} finally {
  await hub.kill9();
  await relay.stop();
  await plane.stop();
  rmSync(directory, { recursive: true, force: true });
}

function gzip(round: number): Record<string, string> {
  return round % 2 === 0 ? { 'accept-encoding': 'gzip' } : {};
}

/** As kubelet does it, online and offline. */
async function reportStatus(round: number): Promise<void> {
  const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: `round ${round}` };
  const answer = await hub.loopback.request(
    'PATCH',
    `/api/v1/nodes/${nodeName}/status`,
    { status: { conditions: [condition] } },
    { headers: { 'content-type': 'application/strategic-merge-patch+json' } },
  );
  if (answer.status !== 200 && answer.status !== 503 && answer.status !== 504) {
    throw new Error(`the status was answered ${answer.status}: ${answer.raw.toString()}`);
  }
}

async function look(): Promise<{ openFiles: number; state: string }> {
  const { body } = await hub.admin.request('GET', '/status');
  return { openFiles: readdirSync(`/proc/${hub.pid}/fd`).length, state: body.link?.state ?? '' };
}
