// The table of Kubernetes types and our protobuf codec against Kubernetes' own Go code, with random objects of all kinds.
// HOLDFAST_VECTOR_SEED repeats a run.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { holdsVector, parseVectors } from '../support/protobuf-vectors.ts';

const root = new URL('../../', import.meta.url);

async function go(...args: string[]): Promise<string> {
  const options = { cwd: new URL('scripts/schema', root), maxBuffer: 256 * 1024 * 1024, timeout: 10 * 60_000 };
  const { stdout } = await promisify(execFile)('go', ['run', ...args], options);
  return stdout;
}

test('the committed table is the one that Kubernetes’ types give', async (t) => {
  const committed = await readFile(new URL('src/apimachinery/schema/generated/kubernetes-types.txt', root), 'utf8');
  const generated = await go('./table');
  t.true(generated === committed, 'write it anew: node scripts/schema/generate.ts');
});

test('random objects of all kinds are read and written as client-go does', async (t) => {
  const seed = process.env.HOLDFAST_VECTOR_SEED ?? String(Date.now() % 1_000_000);
  t.log(`seed ${seed}`);
  const vectors = parseVectors(await go('./vectors', '-seed', seed, '-count', '6', '-elements', '3'));
  t.true(vectors.length > 1800, `${vectors.length} objects`);
  for (const vector of vectors) holdsVector(t, vector);
});
