// What Holdfast costs beside the bare least and beside a direct connection, on a real kube-apiserver.
//   npm run bench [-- --peer URL --peer-pid PID --rounds N --only TEXT --quiet SECONDS]
// CPU is the hub's own, from /proc; every comparison is made in one run, since machines differ from hour to hour.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type ControlPlane, startControlPlane } from '../e2e/control-plane.ts';
import { type Hub, startHub } from '../e2e/hub.ts';
import { startRelay } from '../e2e/relay.ts';
import { fillCluster, touchPods } from './hub/cluster.ts';
import { load, type Target, type Work } from './hub/load.ts';
import { bytesWritten, cpuMs, median, percentile, rssMb } from './hub/process-figures.ts';
import { watch } from './hub/watch-load.ts';
import { writeRows, writeWorks } from './hub/write-rows.ts';

const { values } = parseArgs({
  options: {
    peer: { type: 'string' },
    'peer-pid': { type: 'string' },
    rounds: { type: 'string', default: '3' },
    program: { type: 'string' },
    /** How long a quiet node is watched for what it writes to disk. */
    quiet: { type: 'string', default: '180' },
    /** Only work whose name has this in it. */
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
/** The built bundle, as users run it: `npm run build` first. */
const program = values.program ?? join(import.meta.dirname, '..', '..', 'dist', 'main.js');
const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
const nodeName = 'bench-1';
const node = `system:node:${nodeName}`;
const allPods = '/api/v1/pods';
const rows: string[][] = [];

function row(work: string, figure: string, value: string, target = ''): void {
  rows.push([work, figure, value, target]);
  console.log(`${work.padEnd(46)} ${figure.padEnd(34)} ${value.padStart(12)}  ${target}`);
}

/** Medians over rounds, the targets taken in turn within each. */
async function compare(
  work: string,
  targets: readonly Target[],
  what: Work,
  goal: string,
  unit: 'us' | 'ms',
): Promise<void> {
  if (!isWanted(work)) return;
  const costs = targets.map((): { cpu: number[]; latency: number[]; p99: number[] } => ({
    cpu: [],
    latency: [],
    p99: [],
  }));
  // V8 compiles what is hot within the first thousands; the daemon runs for months.
  for (const target of targets) await load(target, what);
  for (let round = 0; round < rounds; round++) {
    for (const [index, target] of targets.entries()) {
      const cost = await load(target, what);
      costs[index]!.cpu.push(cost.cpuUs);
      costs[index]!.latency.push(cost.medianMs);
      costs[index]!.p99.push(cost.p99Ms);
    }
  }
  for (const [index, { name, pid }] of targets.entries()) {
    const { cpu, latency, p99 } = costs[index]!;
    const text = unit === 'us' ? `${median(cpu).toFixed(0)} µs` : `${(median(cpu) / 1000).toFixed(2)} ms`;
    if (pid !== undefined) row(work, `${name}: CPU per request`, text, index === 0 ? goal : '');
    row(work, `${name}: latency median, p99`, `${median(latency).toFixed(2)}, ${median(p99).toFixed(2)} ms`);
  }
}

async function startBare(plane: ControlPlane): Promise<Target & { stop(): void }> {
  const { certificateFile: cert, keyFile: key } = plane.userCertificate(node, ['system:nodes', 'system:masters']);
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'hub', 'bare-proxy.ts'), plane.url, plane.caFile, cert, key],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [port] = await once(createInterface(child.stdout), 'line');
  return {
    name: 'bare pass-through',
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    stop: () => child.kill('SIGKILL'),
  };
}

const isWanted = (work: string): boolean => work.includes(values.only);
const isOfWrites = values.only !== '' && writeWorks.some(isWanted);
console.log('starting a control plane with 500 pods and 200 services ...');
const plane = await startControlPlane();
const relay = await startRelay(plane.apiPort);
const stops: (() => unknown)[] = [
  () => plane.stop(),
  () => relay.stop(),
  () => rmSync(directory, { recursive: true, force: true }),
];
try {
  if (!isOfWrites) await readRows();
  const quietSeconds = Number(values.quiet);
  await writeRows({
    plane,
    startBare: () => startBare(plane),
    directory,
    program,
    nodeName,
    rounds,
    quietSeconds,
    isWanted,
    row,
  });
} finally {
  for (const stop of stops) await stop();
}
console.log(
  `\n| work | figure | measured | target |\n|---|---|---|---|\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`,
);

async function readRows(): Promise<void> {
  await fillCluster(plane, { pods: 500, services: 200, nodeName });
  const files = plane.userCertificate(node, ['system:nodes', 'system:masters']);
  const kubeconfig = plane.kubeconfig(node, { groups: ['system:nodes', 'system:masters'], server: relay.url });
  const start = (): Promise<Hub> =>
    startHub({ kubeconfig, nodeName, dataDir: join(directory, 'hub'), program: [process.execPath, program] });
  let hub = await start();
  stops.unshift(() => hub.kill9());
  const bare = await startBare(plane);
  stops.unshift(() => bare.stop());
  const tls = {
    ca: readFileSync(hub.caFile),
    cert: readFileSync(files.certificateFile),
    key: readFileSync(files.keyFile),
  };
  const plain = (): Target => ({ name: 'holdfast', url: hub.loopbackUrl, pid: hub.pid });
  const secure = (): Target => ({ name: 'holdfast TLS', url: hub.apiUrl, pid: hub.pid, tls });
  const direct: Target = { name: 'direct', url: plane.url, tls: { ...tls, ca: readFileSync(plane.caFile) } };
  const peer: Target[] =
    values.peer === undefined
      ? []
      : [{ name: 'peer', url: values.peer, ...(values['peer-pid'] && { pid: Number(values['peer-pid']) }) }];

  const oneObject = '/api/v1/namespaces/default/configmaps/small';
  await compare(
    'GET 1.3 kB online',
    [plain(), bare, secure(), ...peer, direct],
    { path: oneObject, requests: 2000, concurrency: 8 },
    '<= 1.25 x bare',
    'us',
  );
  await compare(
    'LIST 500 pods online, identity',
    [plain(), bare, ...peer, direct],
    { path: allPods, requests: 50, concurrency: 8 },
    '<= 1.25 x bare',
    'ms',
  );
  const gzip = { 'accept-encoding': 'gzip' };
  await compare(
    'LIST 500 pods online, gzip',
    [plain(), bare, ...peer, direct],
    { path: allPods, requests: 50, concurrency: 8, headers: gzip },
    '<= 2 ms',
    'ms',
  );
  await load(plain(), { path: allPods, requests: 250, concurrency: 8 });
  row(
    'LIST 500 pods online, identity',
    'holdfast: peak RSS after 250',
    `${rssMb(hub.pid, 'VmHWM').toFixed(0)} MB`,
    '<= 160 MB',
  );
  const fromStore: Work = { path: `${allPods}?resourceVersion=0`, requests: 100, concurrency: 8 };
  await compare(
    'LIST 500 pods, resourceVersion=0',
    [plain(), secure(), ...peer],
    fromStore,
    '<= 2.5 ms (TLS 4.5)',
    'ms',
  );

  await watchRow('20 watchers, 100 events/s', plain(), hub, direct, '<= 60 µs');
  await watchRow('20 watchers, 100 events/s, TLS', secure(), hub, direct, '<= 80 µs');

  await hub.terminate();
  hub = await start();
  await load(plain(), { path: `${allPods}?resourceVersion=0`, requests: 1, concurrency: 1 });
  row('after start, 500 pods, 200 services', 'RSS', `${rssMb(hub.pid).toFixed(0)} MB`, '<= 90 MB');

  await relay.set('swallow');
  const cutAt = performance.now();
  await load(plain(), { path: allPods, requests: 1, concurrency: 1 });
  row('first request into a black hole', 'time', `${((performance.now() - cutAt) / 1000).toFixed(2)} s`, '<= 5 s');
  await compare(
    'GET offline',
    [plain(), secure()],
    { path: '/api/v1/namespaces/default-ready/pods/pod-7', requests: 8000, concurrency: 8 },
    '<= 80 µs (TLS 100)',
    'us',
  );
  await compare(
    'LIST 500 pods offline',
    [plain(), secure()],
    { path: allPods, requests: 100, concurrency: 8 },
    '<= 2.5 ms (TLS 4.5)',
    'ms',
  );

  await hub.kill9();
  await relay.set('refuse');
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    times.push(await startToFirstList(hub));
  }
  row('process start to first offline LIST', 'time, median of 5', `${median(times).toFixed(0)} ms`, '<= 400 ms');
}

async function watchRow(
  work: string,
  target: Target,
  { pid, admin }: Hub,
  reference: Target,
  goal: string,
): Promise<void> {
  if (!isWanted(work)) return;
  const seconds = 10;
  const watching = await watch(target, allPods, 20);
  const beside = await watch(reference, allPods, 1);
  const before = { cpu: cpuMs(pid), written: bytesWritten(pid) };
  await touchPods(plane, { perSecond: 100, seconds });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const status = (await admin.request('GET', '/status')).body as {
    scopes: { gvr: string; following: boolean; watchers: number }[];
  };
  const deliveries = watching.lags.length;
  const events = deliveries / 20;
  row(work, 'CPU per delivery', `${(((cpuMs(pid) - before.cpu) * 1000) / deliveries).toFixed(1)} µs`, goal);
  row(
    work,
    'lag p99, direct p99',
    `${percentile(watching.lags, 0.99).toFixed(1)}, ${percentile(beside.lags, 0.99).toFixed(1)} ms`,
    'direct + 30 ms',
  );
  row(work, 'events seen by each of 20', `${events}`, `${seconds * 100}`);
  row(work, 'disk per event', `${((bytesWritten(pid) - before.written) / events / 1000).toFixed(2)} kB`, '<= 2 kB');
  const upstream = status.scopes.filter(
    (scope) => scope.gvr === 'v1/pods' && scope.watchers > 0 && scope.following,
  ).length;
  row(work, 'upstream watches for them', `${upstream}`, '1');
  watching.stop();
  beside.stop();
}

async function startToFirstList(last: Hub): Promise<number> {
  const args = [
    'run',
    '--kubeconfig',
    kubeconfigOf(last),
    '--node-name',
    nodeName,
    '--data-dir',
    last.dataDir,
    '--listen',
    '127.0.0.1:0',
  ];
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [program, ...args, '--insecure-loopback', `127.0.0.1:${last.ports.loopback}`, '--admin', '127.0.0.1:0'],
    { stdio: 'ignore' },
  );
  for (;;) {
    try {
      await load({ name: 'holdfast', url: last.loopbackUrl }, { path: allPods, requests: 1, concurrency: 1 });
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5)); // not open yet: the time until it answers is what is measured
    }
  }
  const took = performance.now() - started;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return took;
}

function kubeconfigOf(_hub: Hub): string {
  return plane.kubeconfig(node, { groups: ['system:nodes', 'system:masters'], server: relay.url });
}
