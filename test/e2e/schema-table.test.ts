// The table of Kubernetes types and our protobuf codec against Kubernetes' own Go code, with random objects of all kinds.
// HOLDFAST_VECTOR_SEED repeats a run.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { holdsVector, parseVectors } from '../support/protobuf-vectors.ts';
import { test } from './one-by-one.ts';

const root = new URL('../../', import.meta.url);

async function go(...args: string[]): Promise<string> {
  const options = { cwd: new URL('scripts/schema', root), maxBuffer: 256 * 1024 * 1024, timeout: 10 * 60_000 };
  const { stdout } = await promisify(execFile)('go', args, options);
  return stdout;
}

test('the committed table is the one that Kubernetes’ types give', async (t) => {
  const committed = await readFile(new URL('src/apimachinery/schema/generated/kubernetes-types.txt', root), 'utf8');
  const generated = await go('run', './table');
  t.true(generated === committed, 'write it anew: node scripts/schema/generate.ts');
});

test('the table is of the version that these tests run, and leaves out no group of it', async (t) => {
  const [ofTable, ofTests] = await Promise.all(
    ['scripts/schema/go.mod', 'test/e2e/kubernetes/go.mod'].map((path) => readFile(new URL(path, root), 'utf8')),
  );
  const version = /k8s\.io\/api v0\.([\d.]+)/.exec(ofTable!)?.[1];
  t.is(version, /k8s\.io\/kubernetes v1\.([\d.]+)/.exec(ofTests!)?.[1]);
  const read = await readFile(new URL('scripts/schema/kinds/kinds.go', root), 'utf8');
  const groups = (await go('list', 'k8s.io/api/...')).split('\n').filter((path) => /\/v\d[^/]*$/.test(path));
  t.true(groups.length > 50, `${groups.length} groups`);
  t.deepEqual(
    groups.filter((path) => !read.includes(`"${path}"`)),
    [],
  );
});

/** What random objects must hold for the comparison to be worth something, as text of their JSON. */
const hard: Readonly<Record<string, RegExp>> = {
  'integers above 2^53': /[:,[]\d{17,}[,}\]]/,
  'negative integers': /[:,[]-\d+[,}\]]/,
  times: /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/,
  'times to the microsecond': /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"/,
  quantities: /"(capacity|limits)":\{"[^"]*":"[\d.]+(m|k|M|Mi)?"/,
  'numbers that may be words, as numbers': /"(targetPort|maxUnavailable|maxSurge)":-?\d/,
  'numbers that may be words, as words': /"(targetPort|maxUnavailable|maxSurge)":"/,
  'bytes in maps': /"binaryData":\{"[^"]*":"[A-Za-z0-9+/]+=*"/,
  'inline structs': /"volumes":\[\{"name":[^}]*"(hostPath|nfs|emptyDir|secret|iscsi)":/,
  'objects in objects': /"data":\{"n":/,
  'text beyond ASCII': /[\u00a1-\uffff]/,
};

test('random objects of all kinds are read and written as client-go does, as events of a watch too', async (t) => {
  const seed = process.env.HOLDFAST_VECTOR_SEED ?? String(Date.now() % 1_000_000);
  t.log(`seed ${seed}`);
  const random = (count: string, ...kinds: string[]) =>
    go('run', './vectors', '-seed', seed, '-count', count, '-elements', '3', '-watch', ...kinds);
  // Of the only kind with bytes in maps so many that some have them.
  const text = (await random('6')) + (await random('40', 'v1/ConfigMap'));
  const vectors = parseVectors(text);
  t.true(vectors.length > 1800, `${vectors.length} objects`);
  for (const vector of vectors) holdsVector(t, vector);
  t.true(vectors.every(({ watch }) => watch !== undefined));
  t.true(vectors.some(({ kind }) => kind === 'DeleteOptions'));
  for (const [what, sign] of Object.entries(hard)) t.true(sign.test(text), `none has ${what}; seed ${seed}`);
});
