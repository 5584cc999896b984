// What a call of the CNI plugin costs a container runtime, beside host-local and beside a Node that does nothing, in turns, in
// one run; and how long 110 pods of a node that has just started wait for their addresses, all asked for at once.
//   npm run bench:ipam [-- --rounds 31]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleName, wrapperText } from '../../src/ipam/install/wrapper.ts';
import { addressesOf, type Call, call, callSync, hostLocal } from '../support/ipam-program.ts';
import { median, percentile } from './hub/process-figures.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '31' } } });
const rounds = Number(values.rounds);
const warmUps = 3;
const directory = mkdtempSync(join(tmpdir(), 'holdfast-ipam-bench-'));
const plugin = join(directory, 'holdfast-ipam');
const bundle = join(import.meta.dirname, '..', '..', 'dist', 'ipam', bundleName);
writeFileSync(plugin, wrapperText(process.execPath, bundle), { mode: 0o755 });
const subnets = ['10.9.0.0/24'];
const measured = new Map<string, number[]>();

try {
  const programs = existsSync(hostLocal)
    ? { 'holdfast-ipam': plugin, 'host-local': hostLocal }
    : { 'holdfast-ipam': plugin };
  for (const name of Object.keys(programs)) for (let n = 0; n < 100; n++) add(name, `full-${n}`, false);
  for (let round = -warmUps; round < rounds; round++) {
    const isCounted = round >= 0;
    const began = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    if (isCounted) note('node -e 0', performance.now() - began);
    for (const name of Object.keys(programs)) {
      add(name, `pod-${round}`, isCounted);
      del(name, `pod-${round}`, isCounted);
    }
  }
  const bare = median(measured.get('node -e 0')!);
  for (const [name, times] of measured) {
    const figures = [median(times), percentile(times, 0.95)].map((ms) => `${ms.toFixed(1)} ms`).join(', ');
    console.log(
      `${name.padEnd(24)} median, p95  ${figures.padEnd(22)} ${(median(times) / bare).toFixed(2)} x node -e 0`,
    );
  }
  console.log(`memory of an ADD: ${peakMb()} MB`);
  await storm();

  function programOf(name: string): string {
    return programs[name as keyof typeof programs]!;
  }
  function of(name: string, verb: Call['verb'], containerId: string): Call {
    return { verb, containerId, pod: containerId, subnets, dataDir: join(directory, `of-${name}`) };
  }
  function timed(what: string, name: string, one: Call, isCounted: boolean): void {
    const began = performance.now();
    const { exitCode, stdout, stderr } = callSync([programOf(name)], one);
    if (isCounted) note(`${name} ${what}`, performance.now() - began);
    if (exitCode !== 0) throw new Error(`${name} ${what}: ${stdout}${stderr}`);
  }
  function add(name: string, id: string, isCounted: boolean): void {
    timed('ADD', name, of(name, 'ADD', id), isCounted);
  }
  function del(name: string, id: string, isCounted: boolean): void {
    timed('DEL', name, of(name, 'DEL', id), isCounted);
  }
  /** Of the whole process tree's largest, as the kernel counts it. */
  function peakMb(): string {
    const out = join(directory, 'peak');
    const time = '/usr/bin/time';
    if (!existsSync(time)) return 'not measured, for want of /usr/bin/time;';
    callSync([time, '-f', '%M', '-o', out, plugin], of('holdfast-ipam', 'ADD', 'weighed'));
    return (Number(readFileSync(out, 'utf8')) / 1024).toFixed(0);
  }
  /** The boot of a full node: every pod was here before, and asks for its address again. */
  async function storm(): Promise<void> {
    const dataDir = join(directory, 'storm');
    const ids = Array.from({ length: 110 }, (_, n) => `storm-${n}`);
    const all = (verb: Call['verb'], life: number) =>
      Promise.all(ids.map((pod) => call([plugin], { verb, containerId: `${pod}-${life}`, pod, subnets, dataDir })));
    const first = (await all('ADD', 1)).flatMap(addressesOf);
    await all('DEL', 1);
    const began = performance.now();
    const second = (await all('ADD', 2)).flatMap(addressesOf);
    const seconds = (performance.now() - began) / 1000;
    const same = second.filter((address, index) => address === first[index]).length;
    console.log(`110 ADDs at once: ${seconds.toFixed(1)} s, ${same} of 110 have their address again`);
  }
} finally {
  rmSync(directory, { recursive: true });
}

function note(name: string, ms: number): void {
  measured.set(name, [...(measured.get(name) ?? []), ms]);
}
