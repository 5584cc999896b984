// What forwarding costs beside the least a proxy on the same libraries can do. CPU of the proxy's process from
// /proc/<pid>/stat, over the requests it answered; rounds interleaved, because the machine is never quiet.
//   node test/bench/forward.bench.ts [rounds]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';

const rounds = Number(process.argv[2] ?? 5);
const work = [
  { name: 'GET 1.3 kB', path: '/api/v1/namespaces/a/pods/b', requests: 6_000, concurrency: 8, target: 1.15 },
  { name: 'LIST 1.15 MB', path: '/api/v1/pods', requests: 250, concurrency: 8, target: 1.1 },
] as const;

interface Proxy {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

const children: ChildProcess[] = [];

async function child(
  file: string,
  message?: object,
): Promise<{ process: ChildProcess; answer: { port: number; ca: string } }> {
  const started = fork(new URL(`./forward/${file}`, import.meta.url), { stdio: 'inherit' });
  children.push(started);
  if (message !== undefined) started.send(message);
  const [answer] = (await once(started, 'message')) as [{ port: number; ca: string }];
  return { process: started, answer };
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function peakRssMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

async function load({ port }: Proxy, path: string, requests: number, concurrency: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  let left = requests;
  const headers = { 'user-agent': 'kubelet/v1.35.4 (linux/amd64) kubernetes/abc', accept: 'application/json' };
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const request = get({ port, host: '127.0.0.1', path, agent, headers });
      const [response] = await once(request, 'response');
      response.resume();
      await once(response, 'end');
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  agent.destroy();
}

async function costUs(proxy: Proxy, { path, requests, concurrency }: (typeof work)[number]): Promise<number> {
  const before = cpuMs(proxy.pid);
  await load(proxy, path, requests, concurrency);
  return ((cpuMs(proxy.pid) - before) * 1000) / requests;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const { answer: cloud } = await child('canned-cloud.ts');
const start = async (kind: string): Promise<Proxy> => {
  const { process: proxy, answer } = await child('proxy.ts', { kind, ...cloud });
  return { name: kind, port: answer.port, pid: proxy.pid! };
};
const proxies = [await start('bare'), await start('ours')];
for (const proxy of proxies) {
  await load(proxy, '/api/v1/pods', 250, 8);
  console.log(
    `peak RSS of ${proxy.name} after 250 LISTs of 1.15 MB: ${peakRssMb(proxy.pid).toFixed(0)} MB (target 160)`,
  );
}
for (const one of work) {
  for (const proxy of proxies) await load(proxy, one.path, one.requests / 5, one.concurrency);
  const costs = new Map<string, number[]>(proxies.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const proxy of proxies) costs.get(proxy.name)!.push(await costUs(proxy, one));
  }
  const [bare, ours] = proxies.map(({ name }) => costs.get(name)!) as [number[], number[]];
  const ratio = median(ours) / median(bare);
  const bestRatio = Math.min(...ours) / Math.min(...bare);
  console.log(
    `${one.name}: bare ${median(bare).toFixed(0)} µs (best ${Math.min(...bare).toFixed(0)}), ours ${median(ours).toFixed(0)} µs (best ${Math.min(...ours).toFixed(0)}); ratio ${ratio.toFixed(2)} (best ${bestRatio.toFixed(2)}), target ${one.target}`,
  );
}
for (const { name, pid } of proxies) console.log(`peak RSS of ${name} after all: ${peakRssMb(pid).toFixed(0)} MB`);
for (const one of children) one.kill();
