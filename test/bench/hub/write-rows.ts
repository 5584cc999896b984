// What writes cost: online beside a direct connection, offline beside the disk's own syncs, brought to the cloud afterwards
// beside clients that write there directly, and what a quiet node makes the disk write in a day.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../../e2e/control-plane.ts';
import { eventually } from '../../e2e/eventually.ts';
import { type Hub, startHub } from '../../e2e/hub.ts';
import { podOf } from '../../e2e/lab.ts';
import type { Target } from './load.ts';
import { bytesWritten, median } from './process-figures.ts';
import { type WriteCall, type WriteWork, writeLoad } from './write-load.ts';

export interface WriteBed {
  readonly plane: ControlPlane;
  /** The least that a proxy on the same libraries adds. */
  readonly startBare: () => Promise<Target & { stop(): void }>;
  readonly directory: string;
  /** The bundle. */
  readonly program: string;
  readonly nodeName: string;
  readonly rounds: number;
  /** How long the quiet node is watched. */
  readonly quietSeconds: number;
  readonly isWanted: (work: string) => boolean;
  readonly row: (work: string, figure: string, value: string, target?: string) => void;
}

export const writeWorks = [
  'online write',
  'offline writes, 1 writer',
  'offline writes, 32 writers',
  'writes brought to the cloud',
  'disk writes of a quiet node with 30 pods',
] as const;

const namespace = '/api/v1/namespaces/writes';
const maps = `${namespace}/configmaps`;
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';

export async function writeRows(bed: WriteBed): Promise<void> {
  if (!writeWorks.some(bed.isWanted)) return;
  const { plane, nodeName } = bed;
  await plane.createNamespace('writes');
  await plane.admin.request('POST', '/api/v1/nodes', { metadata: { name: nodeName } }); // unless it is there
  const kubeconfig = plane.kubeconfig(`system:node:${nodeName}`, { groups: ['system:nodes', 'system:masters'] });
  const hub = await startHub({
    kubeconfig,
    nodeName,
    dataDir: join(bed.directory, 'writes'),
    program: [process.execPath, bed.program],
    waitFor: '/readyz',
    // ConfigMaps of a user: the node's own kinds are written by fixed rules.
    extraArgs: ['--offline-writes', 'configmaps', '--replay-jitter', '0s', '--replay-rate', '100000'],
  });
  try {
    await new WriteBench(bed, hub).run();
  } finally {
    await hub.kill9();
  }
}

const objects = 3000;

class WriteBench {
  readonly #bed: WriteBed;
  readonly #hub: Hub;
  readonly #target: Target;
  readonly #direct: Target;

  constructor(bed: WriteBed, hub: Hub) {
    this.#bed = bed;
    this.#hub = hub;
    const { certificateFile, keyFile } = bed.plane.userCertificate('bench', ['system:masters']);
    const tls = { ca: readFileSync(bed.plane.caFile), cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
    this.#target = { name: 'holdfast', url: hub.loopbackUrl, pid: hub.pid };
    this.#direct = { name: 'direct', url: bed.plane.url, tls };
  }

  async run(): Promise<void> {
    const [online, one, many, replay, quiet] = writeWorks;
    const { isWanted } = this.#bed;
    if (isWanted(quiet)) await this.#quietNode(quiet);
    await this.#fill();
    if (isWanted(online)) await this.#online(online);
    if (![one, many, replay].some(isWanted)) return;
    const direct = isWanted(replay) ? await writeLoad(this.#direct, this.#changes(8, 2000, 'put')) : undefined;
    await this.#freeze();
    if (isWanted(one)) await this.#offline(one, 1, 300, '>= 0.5 x');
    if (isWanted(many)) await this.#offline(many, 32, 3000, '>= 5 x');
    if (direct !== undefined) await this.#replay(replay, direct.perSecond);
    else this.#bed.plane.thawApiserver();
  }

  /** Objects that a writer may write offline: it was seen to be let do that. */
  async #fill(): Promise<void> {
    await writeLoad(this.#direct, { writers: 16, writes: objects, call: (index) => create(index) });
    await this.#hub.loopback.expect('GET', maps);
    await writeLoad(this.#target, this.#changes(16, objects, 'patch'));
    await eventually('the hub follows them', async () => {
      const { scopes } = (await this.#hub.admin.request('GET', '/status')).body;
      return scopes.some(
        ({ gvr, complete, following }: { gvr: string; complete: boolean; following: boolean }) =>
          gvr === 'v1/configmaps' && complete && following,
      );
    });
  }

  #changes(writers: number, writes: number, verb: 'patch' | 'put'): WriteWork {
    return {
      writers,
      writes,
      call: (index): WriteCall => {
        const data = { settings: 'x'.repeat(400), at: `${performance.now()}` };
        const path = `${maps}/map-${index % objects}`;
        if (verb === 'patch') return { method: 'PATCH', path, contentType: merge, body: { data } };
        return { method: 'PUT', path, body: { metadata: { name: `map-${index % objects}` }, data } };
      },
    };
  }

  async #online(work: string): Promise<void> {
    const { rounds, row, startBare } = this.#bed;
    const bare = await startBare();
    const targets = { direct: this.#direct, bare, through: this.#target };
    for (const verb of ['patch', 'put'] as const) {
      const costs: Record<keyof typeof targets, number[]> = { direct: [], bare: [], through: [] };
      for (let round = 0; round < rounds * 2; round++)
        for (const way of ['direct', 'bare', 'through'] as const)
          costs[way].push((await writeLoad(targets[way], this.#changes(1, 150, verb))).medianMs);
      const added = (way: 'bare' | 'through') =>
        ms(median(costs[way].map((value, round) => value - costs.direct[round]!)));
      const name = verb.toUpperCase();
      row(work, `${name}: median, direct and through`, `${ms(median(costs.direct))}, ${ms(median(costs.through))}`);
      row(work, `${name}: added, median of pairs`, added('through'), '<= 1 ms');
      row(work, `${name}: added by a bare pass-through`, added('bare'));
    }
    bare.stop();
  }

  async #offline(work: string, writers: number, writes: number, goal: string): Promise<void> {
    const { rounds, row } = this.#bed;
    const raw: number[] = [];
    const bare: number[] = [];
    const own: number[] = [];
    const medians: number[] = [];
    const p99s: number[] = [];
    await writeLoad(this.#target, this.#changes(writers, writes / 10, 'patch'));
    const before = bytesWritten(this.#hub.pid);
    for (let round = 0; round < rounds; round++) {
      raw.push(await this.#syncsPerSecond());
      bare.push(await this.#sinkPerSecond(writers, writes));
      const cost = await writeLoad(this.#target, this.#changes(writers, writes, 'patch'));
      own.push(cost.perSecond);
      medians.push(cost.medianMs);
      p99s.push(cost.p99Ms);
    }
    const ratio = median(own.map((perSecond, round) => perSecond / raw[round]!));
    row(work, 'acknowledged, the disk’s own syncs', `${median(own).toFixed(0)}, ${median(raw).toFixed(0)} /s`);
    row(work, 'ratio, median of pairs', ratio.toFixed(2), goal);
    const share = median(own.map((perSecond, round) => perSecond / bare[round]!));
    row(work, 'a server that only syncs, the hub’s share', `${median(bare).toFixed(0)} /s, ${share.toFixed(2)}`);
    row(work, 'latency median, p99', `${ms(median(medians))}, ${ms(median(p99s))}`);
    row(work, 'disk per write', `${((bytesWritten(this.#hub.pid) - before) / (writes * rounds) / 1000).toFixed(1)} kB`);
  }

  /** Of an append of one block, in a process that does nothing else. */
  async #syncsPerSecond(): Promise<number> {
    const file = join(this.#bed.directory, 'syncs');
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fsync-rate.ts'), file, '4096', '2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    await once(child, 'exit');
    return Number(line.split(' ')[0]);
  }

  /** The same load on the least that can acknowledge it. */
  async #sinkPerSecond(writers: number, writes: number): Promise<number> {
    const file = join(this.#bed.directory, 'sink');
    const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-sink.ts'), file, '1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
    const sink: Target = { name: 'sink', url: `http://127.0.0.1:${port}` };
    await writeLoad(sink, this.#changes(writers, writes / 10, 'patch'));
    const { perSecond } = await writeLoad(sink, this.#changes(writers, writes, 'patch'));
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(file);
    return perSecond;
  }

  async #replay(work: string, direct: number): Promise<void> {
    const { plane, row } = this.#bed;
    await writeLoad(this.#target, this.#changes(32, objects, 'patch'));
    plane.thawApiserver();
    const began = this.#logged('replay.began');
    const ended = this.#logged('replay.ended');
    const [from, to] = [await began, await ended];
    const perSecond = (to.writes! * 1000) / (Date.parse(to.time) - Date.parse(from.time));
    row(work, `${to.writes} objects`, `${perSecond.toFixed(0)} /s`, '>= 1000 /s');
    row(work, 'direct PUTs, 8 side by side', `${direct.toFixed(0)} /s`);
  }

  async #logged(event: string): Promise<{ time: string; writes?: number }> {
    const line = await this.#hub.waitForLog(event, (one) => one.includes(`"event":"${event}"`), 120_000);
    return JSON.parse(line);
  }

  /** The apiserver stands still; its caches stay warm. */
  async #freeze(): Promise<void> {
    this.#bed.plane.freezeApiserver();
    await eventually(
      'the hub is offline',
      async () => {
        await this.#hub.loopback.request('GET', '/version', undefined, { timeoutMs: 10_000 }).catch(() => undefined);
        return (await this.#hub.admin.request('GET', '/status')).body.link.state === 'offline';
      },
      { timeoutMs: 30_000 },
    );
  }

  /**
   * As kubelet does it with nothing going on: the Lease every ten seconds, the node's status every five minutes, what the
   * pods say when they change, an Event now and then.
   */
  async #quietNode(work: string): Promise<void> {
    const { plane, nodeName, quietSeconds, row } = this.#bed;
    const { loopback, pid } = this.#hub;
    const names = Array.from({ length: 30 }, (_, index) => `quiet-${index}`);
    for (const name of names) await plane.admin.expect('POST', `${namespace}/pods`, podOf(name, nodeName));
    const lease = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`;
    for (const path of ['/api/v1/services', '/api/v1/nodes', `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`])
      await loopback.expect('GET', path);
    const spec = () => ({
      holderIdentity: nodeName,
      leaseDurationSeconds: 40,
      renewTime: `${new Date().toISOString().slice(0, -1)}000Z`,
    });
    let known = await loopback.expect('POST', lease.slice(0, lease.lastIndexOf('/')), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: nodeName },
      spec: spec(),
    });
    const condition = (message: string) => [
      { type: 'Ready', status: 'True', reason: 'KubeletReady', message, lastHeartbeatTime: new Date().toISOString() },
    ];
    const actions = {
      renew: async () => {
        known = await loopback.expect('PUT', lease, { ...known, spec: spec() });
      },
      status: (index: number) => {
        const path = `/api/v1/nodes/${nodeName}/status`;
        const body = { status: { conditions: condition(`round ${index}`) } };
        return loopback.expect('PATCH', path, body, { headers: { 'content-type': strategic } });
      },
      pod: (index: number) => {
        const path = `${namespace}/pods/${names[index % 30]}/status`;
        const body = { status: { conditions: condition(`round ${index}`) } };
        return loopback.expect('PATCH', path, body, { headers: { 'content-type': strategic } });
      },
      event: (index: number) =>
        loopback.expect('POST', `${namespace}/events`, {
          metadata: { name: `event-${index}` },
          involvedObject: { kind: 'Pod', namespace: 'writes', name: names[index % 30] },
          reason: 'Pulled',
          message: 'the image is there',
          type: 'Normal',
        }),
    };
    await actions.status(0);
    await delay(6000);
    const began = { bytes: bytesWritten(pid), at: performance.now() };
    const until = began.at + quietSeconds * 1000;
    while (performance.now() < until) {
      await actions.renew();
      await delay(Math.min(10_000, Math.max(0, until - performance.now())));
    }
    const perSecond = ((bytesWritten(pid) - began.bytes) * 1000) / (performance.now() - began.at);
    const each: Record<string, number> = {};
    for (const kind of ['status', 'pod', 'event'] as const) {
      await delay(6000);
      const before = bytesWritten(pid);
      for (let index = 1; index <= 4; index++) {
        await actions[kind](index);
        await delay(6000); // so long a write may wait for its sync
      }
      each[kind] = (bytesWritten(pid) - before) / 4 - perSecond * 6;
    }
    const day = { status: 288, pod: 30 * 8, event: 500 };
    const rest = Object.entries(day).reduce((sum, [kind, times]) => sum + times * Math.max(0, each[kind]!), 0);
    const total = perSecond * 86_400 + rest;
    row(work, `Lease and streams, over ${quietSeconds} s`, `${mb(perSecond * 86_400)} a day`);
    for (const [kind, times] of Object.entries(day))
      row(work, `${times} x ${kind}`, `${(each[kind]! / 1000).toFixed(1)} kB each`);
    row(work, 'in all', `${mb(total)} a day`, '<= 50 MB');
  }
}

function create(index: number): WriteCall {
  return {
    method: 'POST',
    path: maps,
    body: { metadata: { name: `map-${index}` }, data: { settings: 'x'.repeat(400), at: '0' } },
  };
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
