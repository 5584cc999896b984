#!/usr/bin/env node
// Starts Holdfast on a Node that can run it. Plain JavaScript for any Node: on one older than 24 it hands over to the
// Node that the `node` package brought along, passing signals, output and exit code through. In a checkout the sources
// run directly; a build in dist/ is taken where there are no sources, or none newer than it.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
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
  if (process.env[lifelineVariable] === undefined) followNpm((signal) => process.kill(process.pid, signal));
  else holdLifeline(Number(process.env[lifelineVariable]));
  const entry = findEntry();
  if (entry === undefined) fail(`there is neither dist/main.js nor src/main.ts in ${root}; install the package again`);
  const { main, processTerminal } = await import(pathToFileURL(entry).href);
  // Node's cleaning up after a natural end was seen to wait for ever; after exit() it does none.
  process.once('beforeExit', () => process.exit());
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
  followNpm((signal) => child.kill(signal));
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

function holdLifeline(descriptor) {
  delete process.env[lifelineVariable];
  const lifeline = new Socket({ fd: descriptor, readable: true, writable: false });
  lifeline.on('close', () => process.kill(process.pid, 'SIGKILL'));
  lifeline.resume();
  lifeline.unref();
}

/**
 * npm and npx start us through a shell that passes no signals on: told to end, they end the shell and leave us behind,
 * with our ports. So we look whether they are still there. The shell is gone: we were told to end. npm is gone before
 * its shell: it was killed, and so are we.
 */
function followNpm(end) {
  const ancestors = process.env.npm_execpath === undefined ? [] : ancestorsUpToNpm();
  const npm = ancestors.at(-1);
  if (npm === undefined) return;
  const watch = setInterval(() => {
    const gone = ancestors.find(({ pid, startedAt }) => readProcess(pid)?.startedAt !== startedAt);
    if (gone === undefined) return;
    clearInterval(watch);
    end(gone === npm ? 'SIGKILL' : 'SIGTERM');
  }, 100);
  watch.unref();
}

/** From our parent on; empty when npm is not among the next few. Linux only. */
function ancestorsUpToNpm() {
  const ancestors = [];
  for (let pid = process.ppid; pid > 1 && ancestors.length < 4; ) {
    const found = readProcess(pid);
    if (found === undefined) return [];
    ancestors.push(found);
    if (/^np[mx] |\bnp[mx]-cli\.js\b/.test(found.command)) return ancestors;
    pid = found.parent;
  }
  return [];
}

/** undefined when there is no such process any more, or no way to know. */
function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
    return { pid, parent: Number(parent), startedAt: rest[17], command };
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

function fail(message) {
  process.stderr.write(`holdfast: ${message}.\n`);
  process.exit(1);
}
