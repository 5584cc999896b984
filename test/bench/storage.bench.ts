// What keeping records costs: CPU of the whole process per batch, bytes to the disk per update, bytes and time per pod, time to
// open. Values are pods of about 2.4 kB with managedFields.
//   node test/bench/storage.bench.ts
import { createSecretKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, constants as zlib, zstdCompressSync } from 'node:zlib';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { dictionaryBytes } from '../../storage/dictionary.ts';
import { encodeKey } from '../../storage/keyspace.ts';
import { decodeRecord, encodeRecord } from '../../storage/record.ts';
import { type Change, openRecords, type Records } from '../../storage/records.ts';
import { podBody } from '../storage/pod.ts';

const pods = Array.from({ length: 500 }, (_, number) =>
  Array.from({ length: 8 }, (_, revision) => podBody(number, revision)),
);
const podBytes = pods.flat().reduce((sum, body) => sum + body.length, 0) / (500 * 8);
const nowhere = (): void => {};

function row(name: string, value: number, unit: string): void {
  console.log(`${name.padEnd(58)} ${value.toFixed(value < 10 ? 1 : 0).padStart(8)} ${unit}`);
}

/** Microseconds of CPU, all threads, per round: the best of several, for the machine is never quiet. */
async function cpuMicros(rounds: number, work: (round: number) => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < 5; repeat++) {
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round++) await work(round);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / rounds);
  }
  return best;
}

/** Bytes this process has caused to be written to storage, as the kernel counts them. */
function writtenBytes(): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))![1]);
}

function change(number: number, revision: number): Change {
  return {
    type: 'put',
    space: 'object',
    key: `v1/pods/plant-${number % 5}/pod-${number}`,
    value: pods[number]![revision % 8]!,
  };
}

async function withRecords<T>(use: (records: Records, directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(process.env.HOLDFAST_BENCH_DIR ?? tmpdir(), 'holdfast-bench-'));
  const options = { directory, key: Buffer.alloc(32, 1), clock: systemClock, onDamage: nowhere, onHealth: nowhere };
  const records = await openRecords(options);
  try {
    return await use(records, directory);
  } finally {
    await records.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function codec(): Promise<void> {
  const dictionary = dictionaryBytes(1)!;
  const all = pods.flat();
  const compressors: readonly [string, (body: Buffer) => Buffer][] = [
    ...[1, 3, 6].map((level): [string, (body: Buffer) => Buffer] => [
      `deflate ${level} with dictionary`,
      (body) => deflateRawSync(body, { level, dictionary }),
    ]),
    ...[1, 3].map((level): [string, (body: Buffer) => Buffer] => [
      `zstd ${level} with dictionary`,
      (body) => zstdCompressSync(body, { params: { [zlib.ZSTD_c_compressionLevel]: level }, dictionary }),
    ]),
    ['deflate 1', (body) => deflateRawSync(body, { level: 1 })],
    ['zstd 1', (body) => zstdCompressSync(body, { params: { [zlib.ZSTD_c_compressionLevel]: 1 } })],
  ];
  row('a pod', podBytes, 'bytes');
  for (const [name, compress] of compressors) {
    row(`${name}: size`, all.reduce((sum, body) => sum + compress(body).length, 0) / all.length, 'bytes');
    row(`${name}: time`, await cpuMicros(4000, (round) => compress(all[round]!)), 'us CPU');
  }
  const key = encodeKey('object', 'v1/pods/plant-1/pod-1');
  const atRestKey = createSecretKey(Buffer.alloc(32, 1));
  for (const isSecret of [false, true]) {
    const options = { sequence: 1, isSecret, atRestKey };
    const records = all.map((body) => encodeRecord(key, body, options));
    const name = isSecret ? 'encrypted record' : 'record';
    row(`${name}: size`, records.reduce((sum, record) => sum + record.length, 0) / records.length, 'bytes');
    row(`${name}: encode`, await cpuMicros(4000, (round) => encodeRecord(key, all[round]!, options)), 'us CPU');
    row(`${name}: decode`, await cpuMicros(4000, (round) => decodeRecord(key, records[round]!, atRestKey)), 'us CPU');
  }
}

async function batches(): Promise<void> {
  await withRecords(async (records) => {
    row('write of 1 record', await cpuMicros(2000, (round) => records.write([change(round % 500, round)])), 'us CPU');
    const hundred = (round: number): Change[] =>
      Array.from({ length: 100 }, (_, i) => change((round + i) % 500, round));
    row('write of 100 records', await cpuMicros(50, (round) => records.write(hundred(round))), 'us CPU');
    const group = (round: number): unknown => Promise.all(hundred(round).map((one) => records.write([one])));
    row('100 writes of 1 record at once', await cpuMicros(50, group), 'us CPU');
    const synced = (round: number): unknown => records.write([change(round % 500, round)], { sync: true });
    row('synced write of 1 record', await cpuMicros(200, synced), 'us CPU');
    const begin = performance.now();
    for (let round = 0; round < 200; round++) await synced(round);
    row('synced write of 1 record', ((performance.now() - begin) * 1000) / 200, 'us on the clock');
  });
}

async function disk(): Promise<void> {
  const updates = 20_000;
  for (const perBatch of [1, 10]) {
    await withRecords(async (records) => {
      const before = writtenBytes();
      const cpu = process.cpuUsage();
      for (let update = 0; update < updates; update += perBatch) {
        await records.write(
          Array.from({ length: perBatch }, (_, i) => change((update + i) % 500, Math.floor(update / 500))),
        );
      }
      await records.sync();
      const name = `${updates} updates of 500 pods, ${perBatch} at a time`;
      row(`${name}: written`, (writtenBytes() - before) / updates, 'bytes/update');
      const { user, system } = process.cpuUsage(cpu);
      row(`${name}: with compaction`, (user + system) / updates, 'us CPU/update');
      row(`${name}: directory`, (await records.diskBytes()) / 1024, 'KiB, 2048 of them reserve');
    });
  }
}

async function opening(): Promise<void> {
  for (const count of [500, 5000]) {
    await withRecords(async (records, directory) => {
      const changes = Array.from({ length: count }, (_, i) => ({
        ...change(i % 500, i),
        key: `v1/pods/plant-1/pod-${i}`,
      }));
      await records.write(changes);
      await records.close();
      const options = { directory, key: undefined, clock: systemClock, onDamage: nowhere, onHealth: nowhere };
      const begin = performance.now();
      const cpu = process.cpuUsage();
      const again = await openRecords(options);
      const { user, system } = process.cpuUsage(cpu);
      row(`open with ${count} pods`, performance.now() - begin, 'ms on the clock');
      row(`open with ${count} pods`, (user + system) / 1000, 'ms CPU');
      const beforeLoad = process.cpuUsage();
      let loaded = 0;
      for await (const page of again.load('object')) loaded += page.length;
      const load = process.cpuUsage(beforeLoad);
      row(`load of ${loaded} pods`, (load.user + load.system) / 1000, 'ms CPU');
      await again.close();
    });
  }
}

await codec();
await batches();
await disk();
await opening();
