// Builds the programs of binaries.ts from source with Go and keeps them outside the checkout.
// Promise: what is there already costs nothing, a half-built file is never seen under its final name, two builds at
// once wait for each other, and whoever waits is told for what and how long.
//
//   node test/e2e/build-binaries.ts [name...]     the usual ones, or those named; prints their paths
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import {
  type BinaryName,
  binariesDirectory,
  binaryNames,
  type Recipe,
  recipeOf,
  requiredGo,
  usualBinaries,
} from './binaries.ts';
import { whileLocked } from './lock.ts';

export class BuildError extends Error {
  readonly code: 'GO_MISSING' | 'GO_TOO_OLD' | 'GO_FAILED';
  constructor(code: BuildError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Paths of the programs named, each built first if it is not there yet. */
export async function binaries<Name extends BinaryName>(
  names: readonly Name[],
  print: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): Promise<Record<Name, string>> {
  const recipes = names.map((name) => recipeOf(name));
  const isMissing = (recipe: Recipe) => !existsSync(recipe.path);
  if (recipes.some(isMissing)) {
    const onWait = () => print('another process is building the test binaries; waiting for it');
    await whileLocked(`build ${binariesDirectory()}`, onWait, async () => {
      for (const recipe of recipes.filter(isMissing)) await build(recipe, print);
    });
  }
  return Object.fromEntries(recipes.map((recipe) => [recipe.name, recipe.path])) as Record<Name, string>;
}

async function build(recipe: Recipe, print: (line: string) => void): Promise<void> {
  await checkGo(recipe);
  await mkdir(dirname(recipe.path), { recursive: true });
  const unfinished = `${recipe.path}.${process.pid}.unfinished`;
  const what = `${recipe.name} ${recipe.version}`;
  const started = performance.now();
  const elapsed = () => `${Math.round((performance.now() - started) / 1000)} s`;
  print(`building ${what} from source`);
  let compiled = 0;
  const ticker = setInterval(() => print(`  ${what}: ${compiled} packages compiled, ${elapsed()}`), 15_000);
  try {
    await goBuild(recipe, unfinished, () => {
      compiled += 1;
    });
    await rename(unfinished, recipe.path);
    print(`built ${what} in ${elapsed()}`);
  } finally {
    clearInterval(ticker);
    await rm(unfinished, { force: true });
  }
}

function goBuild(recipe: Recipe, output: string, onPackage: () => void): Promise<void> {
  const args = ['build', '-v', '-trimpath', '-mod=readonly', '-buildvcs=false', '-ldflags', recipe.linkerFlags];
  return new Promise((resolve, reject) => {
    const go = spawn('go', [...args, '-o', output, recipe.goPackage], {
      cwd: recipe.moduleDirectory,
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let tail = '';
    go.stderr.setEncoding('utf8').on('data', (text: string) => {
      for (const _ of text.matchAll(/^[\w.~-]+(\/\S+)*$/gm)) onPackage();
      tail = (tail + text).slice(-4000);
    });
    go.on('error', (cause) =>
      reject(new BuildError('GO_FAILED', `go could not be started: ${cause.message}`, { cause })),
    );
    go.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new BuildError('GO_FAILED', `go build of ${recipe.name} ended with ${code}:\n${tail}`));
    });
  });
}

/** Go 1.21 and later fetch a newer toolchain by themselves unless GOTOOLCHAIN=local. */
async function checkGo(recipe: Recipe): Promise<void> {
  const needed = requiredGo(recipe.moduleDirectory);
  let found: { GOVERSION?: string; GOTOOLCHAIN?: string };
  try {
    const { stdout } = await promisify(execFile)('go', ['env', '-json', 'GOVERSION', 'GOTOOLCHAIN'], { cwd: tmpdir() });
    found = JSON.parse(stdout);
  } catch (cause) {
    throw new BuildError(
      'GO_MISSING',
      `${recipe.name} is built from source and needs Go ${needed} or later on the PATH (https://go.dev/dl/). ` +
        `Or put a finished ${recipe.name} at ${recipe.path}.`,
      { cause },
    );
  }
  const version = found.GOVERSION?.replace(/^go/, '') ?? '';
  if (found.GOTOOLCHAIN?.startsWith('local') !== false && isOlder(version, needed)) {
    throw new BuildError('GO_TOO_OLD', `${recipe.name} needs Go ${needed} or later; the PATH has Go ${version}.`);
  }
}

function isOlder(version: string, needed: string): boolean {
  const [a, b] = [version, needed].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

if (import.meta.main) {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !(binaryNames as readonly string[]).includes(name));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(' ')}; there are ${binaryNames.join(' ')}`);
    process.exitCode = 2;
  } else {
    try {
      const paths = await binaries(asked.length > 0 ? (asked as BinaryName[]) : usualBinaries);
      for (const [name, path] of Object.entries(paths)) console.log(`${name}  ${join(path)}`);
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      console.error(error.message);
      process.exitCode = 1;
    }
  }
}
