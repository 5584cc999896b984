// What the table of Kubernetes types costs, and what is done with it: protobuf bodies read and written, patches, a whole
// write judged. Beside each what JSON alone costs, for a scale. Microseconds of CPU, the best of several runs.
//   node --expose-gc test/bench/writes.bench.ts
import { readFileSync } from 'node:fs';
import { type JsonObject, parseJson, stringifyJson } from '../../src/apimachinery/json.ts';
import { strategicMergePatch } from '../../src/apimachinery/patch/strategic-merge-patch.ts';
import { threeWayMerge } from '../../src/apimachinery/patch/three-way-merge.ts';
import { decodeProtobuf } from '../../src/apimachinery/protobuf/decode-protobuf.ts';
import { encodeProtobuf } from '../../src/apimachinery/protobuf/encode-protobuf.ts';
import { conform } from '../../src/apimachinery/schema/conform.ts';
import { schemaOf, schemaTable } from '../../src/apimachinery/schema/schema-of.ts';
import { computeWrite } from '../../src/cache/writes/compute-write.ts';
import { podBody } from '../storage/pod.ts';

function row(name: string, figure: string): void {
  console.log(`${name.padEnd(64)} ${figure.padStart(12)}`);
}

function rssMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
}

function heapKb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1000;
}

function firstUse(name: string, use: () => unknown): void {
  const [rss, heap] = [rssMb(), heapKb()];
  const began = performance.now();
  use();
  const ms = performance.now() - began;
  row(name, `${ms.toFixed(1)} ms`);
  row('    heap after it', `+${(heapKb() - heap).toFixed(0)} kB`);
  row('    RSS after it', `+${(rssMb() - rss).toFixed(1)} MB`);
}

function micros(name: string, work: () => unknown): void {
  const rounds = 3000;
  let best = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < 8; repeat++) {
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round++) work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / rounds);
  }
  row(name, `${best.toFixed(1)} µs`);
}

/** Two containers, their state, and who manages which field: about 5 kB. */
function largePod(): JsonObject {
  const { metadata, spec, status, ...pod } = parseJson(podBody(1)) as Record<string, JsonObject>;
  const [hand] = metadata!.managedFields as JsonObject[];
  const env = Array.from({ length: 12 }, (_, i) => ({ name: `SETTING_${i}`, value: `value of setting ${i}` }));
  const containers = (spec!.containers as JsonObject[]).flatMap((one) => [
    { ...one, env },
    { ...one, name: 'log', env },
  ]);
  const statuses = (status!.containerStatuses as JsonObject[]).flatMap((one) => [one, { ...one, name: 'log' }]);
  return {
    ...pod,
    metadata: { ...metadata, managedFields: [hand!, { ...hand!, manager: 'kubelet' }] },
    spec: { ...spec, containers },
    status: { ...status, containerStatuses: statuses },
  };
}

/** As kubelet registers it, with some images. */
function node(): JsonObject {
  const lines = readFileSync(new URL('../corpora/protobuf/kubelet-1.35.4.jsonl', import.meta.url), 'utf8').split('\n');
  const line = lines
    .map((one) => parseJson(one || '{}') as JsonObject)
    .find(({ what }) => what === 'asked POST v1 Node');
  const { object } = decodeProtobuf(Buffer.from(String(line!.protobuf), 'base64'));
  const images = Array.from({ length: 20 }, (_, i) => ({
    names: [`registry.example/app-${i}@sha256:${'0123456789abcdef'.repeat(4)}`, `registry.example/app-${i}:1.0`],
    sizeBytes: 10_000_000 + i,
  }));
  const metadata = { ...(object.metadata as JsonObject), uid: 'u', resourceVersion: '7' };
  return { ...object, metadata, status: { ...(object.status as JsonObject), images } };
}

firstUse('the table, read when it is first asked for', schemaTable);
firstUse('the types of a Pod, parsed when they are first asked for', () => conform(schemaOf('v1', 'Pod')!, largePod()));

const objects = [
  ['Pod', largePod()],
  ['Node', node()],
] as const;
for (const [kind, object] of objects) {
  const schema = schemaOf('v1', kind)!;
  const conformed = conform(schema, object).object;
  const text = stringifyJson(conformed);
  const bytes = encodeProtobuf(conformed);
  row(`\n${kind}: JSON, protobuf`, `${(text.length / 1000).toFixed(1)}, ${(bytes.length / 1000).toFixed(1)} kB`);
  micros('JSON.parse', () => JSON.parse(text));
  micros('JSON.stringify', () => JSON.stringify(conformed));
  micros('protobuf decoded', () => decodeProtobuf(bytes));
  micros('protobuf encoded', () => encodeProtobuf(conformed));
  micros('conformed: read by its type and written again', () => conform(schema, conformed));
  const conditions = ['Ready', 'Initialized'].map((type) => ({ type, status: 'True', reason: 'Changed' }));
  const patch = { status: { '$setElementOrder/conditions': conditions.map(({ type }) => ({ type })), conditions } };
  micros('strategic merge patch of two conditions', () => strategicMergePatch(schema, conformed, patch));
  const edge = strategicMergePatch(schema, conformed, patch);
  const cloud = { ...conformed, metadata: { ...(conformed.metadata as JsonObject), labels: { changed: 'there' } } };
  micros('three-way merge with a cloud that changed labels', () => threeWayMerge(schema, conformed, edge, cloud));
  const request = {
    verb: 'patch',
    gvr: { group: '', version: 'v1', resource: kind === 'Pod' ? 'pods' : 'nodes' },
    kind,
    apiVersion: 'v1',
    namespace: kind === 'Pod' ? String((conformed.metadata as JsonObject).namespace) : '',
    name: String((conformed.metadata as JsonObject).name),
    subresource: 'status',
    body: patch,
    patchType: 'strategic',
    query: { dryRun: false, fieldManager: 'kubelet' },
  } as const;
  const context = {
    resourceVersion: '8',
    now: '2026-01-01T00:00:00Z',
    newUid: () => 'uid',
    nameSuffix: () => 'bcdfg',
  };
  micros('a PATCH of its status, judged and computed', () =>
    computeWrite(request, { state: 'present', object: conformed }, context),
  );
}
