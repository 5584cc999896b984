// `npm run mutants`: breaks the code on purpose, one way at a time in a copy of it, and sees whether the test that is named
// for it fails. A mutant that survives, a change that does not fit the code any more, or a test that fails without any
// change ends it with 1.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ipamMutants } from './ipam-mutants.ts';
import { type Mutant, mutants as writeMutants } from './mutant-list.ts';
import { nodeMutants } from './node-mutants.ts';
import { tokenMutants } from './token-mutants.ts';

const mutants = [...writeMutants, ...tokenMutants, ...nodeMutants, ...ipamMutants];
const root = new URL('..', import.meta.url).pathname;
const copied = ['src', 'storage', 'test', 'package.json', 'ava.config.js', 'tsconfig.json'];

interface Verdict {
  readonly mutant: Mutant;
  /** Why it counts as survived; undefined when the test caught it. */
  readonly fault: string | undefined;
}

async function copyOfTheCode(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'holdfast-mutants-'));
  const isWanted = (source: string): boolean => !/\/test\/(e2e|bench|corpora)(\/|$)/.test(source);
  for (const name of copied) await cp(join(root, name), join(copy, name), { recursive: true, filter: isWanted });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** `broken`: it did not come to a verdict, because the code cannot be loaded for instance. */
type Outcome = 'passed' | 'failed' | 'broken';

function run(copy: string, { file, title }: Mutant['test']): Promise<Outcome> {
  const ava = join(copy, 'node_modules', 'ava', 'entrypoints', 'cli.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [ava, file, '--match', title], { cwd: copy }, (error, stdout) => {
      if (error === null && /^ *1 test passed/m.test(stdout)) resolve('passed');
      else resolve(/^ *1 test failed/m.test(stdout) ? 'failed' : 'broken');
    });
  });
}

const faults: Readonly<Record<Outcome, string | undefined>> = {
  passed: 'it survives',
  failed: undefined,
  broken: 'the code does not run with it, which no test has to notice',
};

async function judge(copy: string, mutant: Mutant): Promise<Verdict> {
  const originals = new Map<string, string>();
  try {
    if ((await run(copy, mutant.test)) !== 'passed') return { mutant, fault: 'its test does not pass without it' };
    for (const { file, from, to } of mutant.edits) {
      const text = await readFile(join(copy, file), 'utf8');
      if (!originals.has(file)) originals.set(file, text);
      if (text.split(from).length !== 2) return { mutant, fault: `${file} does not have this once: ${from}` };
      await writeFile(
        join(copy, file),
        text.replace(from, () => to),
      );
    }
    return { mutant, fault: faults[await run(copy, mutant.test)] };
  } finally {
    for (const [file, text] of originals) await writeFile(join(copy, file), text);
  }
}

const waiting = [...mutants];
const verdicts: Verdict[] = [];
const workers = Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
  const copy = await copyOfTheCode();
  try {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const verdict = await judge(copy, mutant);
      verdicts.push(verdict);
      console.log(`${verdict.fault === undefined ? 'caught  ' : 'SURVIVES'} ${mutant.name}`);
      if (verdict.fault !== undefined)
        console.log(`         ${verdict.fault}\n         ${mutant.test.file}: ${mutant.test.title}`);
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});
await Promise.all(workers);
const survivors = verdicts.filter(({ fault }) => fault !== undefined).length;
console.log(`${mutants.length - survivors} of ${mutants.length} mutants were caught`);
if (survivors > 0) process.exitCode = 1;
