#!/usr/bin/env node
// Starts Holdfast on a Node that can run it. Plain JavaScript for any Node: on one older than 24 it hands over to the
// Node that the `node` package brought along, passing signals, output and exit code through. In a checkout the sources
// run directly; a build in dist/ is taken where there are no sources, or none newer than it.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const leastMajor = 24;
const lifelineVariable = 'HOLDFAST_LAUNCHER_LIFELINE';
const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(self));

if (Number.parseInt(process.versions.node, 10) >= leastMajor) await runHere();
else handOver();

async function runHere() {
  holdLifeline();
  const entry = findEntry();
  if (entry === undefined) fail(`there is neither dist/main.js nor src/main.ts in ${root}; install the package again`);
  const { main, processTerminal } = await import(pathToFileURL(entry).href);
  process.exitCode = await main(process.argv.slice(2), processTerminal());
}

function findEntry() {
  const built = join(root, 'dist', 'main.js');
  const source = join(root, 'src', 'main.ts');
  if (!existsSync(source)) return existsSync(built) ? built : undefined;
  if (!existsSync(built)) return source;
  const sources = ['src', 'storage'].flatMap((room) => filesBelow(join(root, room)));
  const newestMs = Math.max(...[...sources, join(root, 'package.json')].map((file) => statSync(file).mtimeMs));
  return statSync(built).mtimeMs >= newestMs ? built : source;
}

function filesBelow(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function handOver() {
  const node = findNode();
  if (node === undefined) {
    fail(
      `needs Node ${leastMajor} or newer, this is ${process.version}. Install Node ${leastMajor}, or in a checkout run \`npm ci\`, which brings its own`,
    );
  }
  // In a process group of its own: what the terminal sends to the group comes here once and is passed on once. Should
  // this process be killed, the lifeline's end closes and the other ends with it.
  const child = spawn(node, [self, ...process.argv.slice(2)], {
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [lifelineVariable]: '3' },
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    for (const one of signals) process.removeAllListeners(one);
    if (signal !== null) process.kill(process.pid, signal);
    else process.exit(code);
  });
}

/** The binary of the `node` package beside this one, if it was installed and can start a daemon. */
function findNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function holdLifeline() {
  const descriptor = process.env[lifelineVariable];
  if (descriptor === undefined) return;
  delete process.env[lifelineVariable];
  const lifeline = new Socket({ fd: Number(descriptor), readable: true, writable: false });
  lifeline.on('close', () => process.kill(process.pid, 'SIGKILL'));
  lifeline.resume();
  lifeline.unref();
}

function fail(message) {
  process.stderr.write(`holdfast: ${message}.\n`);
  process.exit(1);
}
