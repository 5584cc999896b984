import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';

/** Makes the Node that runs the launcher call itself an old one; the Node it starts is not told. */
const pretendOld = [
  '--import',
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})',
];

const fakeMain = `
  export const processTerminal = () => ({});
  export async function main(words) {
    const mustWait = words[0] === 'wait';
    const timer = mustWait ? setInterval(() => {}, 1000) : undefined;
    // Before the first line: whoever reads it may send a signal at once.
    if (mustWait) for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { console.log(signal); clearInterval(timer); process.exitCode = 5; });
    console.log(JSON.stringify({ words, pid: process.pid, from: import.meta.url, lifeline: process.env.HOLDFAST_LAUNCHER_LIFELINE ?? null }));
    if (!mustWait) return 7;
    return 0;
  }`;

interface Package {
  readonly directory: string;
  start(words: readonly string[], nodeOptions?: readonly string[]): Started;
}

interface Started {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly errors: string[];
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
}

async function makePackage(
  t: ExecutionContext,
  parts: { node?: boolean; dist?: boolean; src?: boolean },
): Promise<Package> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-launcher-'));
  t.teardown(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await cp(new URL('../../bin', import.meta.url), join(directory, 'bin'), { recursive: true });
  for (const room of ['src', 'storage']) if (parts.src) await mkdir(join(directory, room));
  if (parts.src) await writeFile(join(directory, 'src/main.ts'), fakeMain);
  if (parts.dist) await mkdir(join(directory, 'dist'));
  if (parts.dist) await writeFile(join(directory, 'dist/main.js'), fakeMain);
  if (parts.node) {
    await mkdir(join(directory, 'node_modules/node/bin'), { recursive: true });
    await writeFile(join(directory, 'node_modules/node/package.json'), '{"name":"node"}');
    await symlink(process.execPath, join(directory, 'node_modules/node/bin/node'));
  }
  return {
    directory,
    start(words, nodeOptions = []) {
      const child = spawn(process.execPath, [...nodeOptions, join(directory, 'bin/holdfast.mjs'), ...words]);
      t.teardown(() => child.kill('SIGKILL'));
      const errors: string[] = [];
      child.stderr.on('data', (text) => errors.push(String(text)));
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return { child, lines, errors, ended: once(child, 'close') as Started['ended'] };
    },
  };
}

async function nextLine({ lines }: Started): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error('the program ended without a further line');
  return value;
}

test('on a Node that is new enough it runs in the same process', async (t) => {
  const started = (await makePackage(t, { dist: true })).start(['a', '--b=c d']);
  const said = JSON.parse(await nextLine(started));
  t.deepEqual(said.words, ['a', '--b=c d']);
  t.is(said.pid, started.child.pid);
  t.deepEqual(await started.ended, [7, null]);
});

test('on an older Node it hands over to the one the package brought: arguments, output, exit code', async (t) => {
  const started = (await makePackage(t, { dist: true, node: true })).start(['a', '--b=c d'], pretendOld);
  const said = JSON.parse(await nextLine(started));
  t.deepEqual(said.words, ['a', '--b=c d']);
  t.not(said.pid, started.child.pid);
  t.is(said.lifeline, null, 'the lifeline is not taken for a setting');
  t.deepEqual(await started.ended, [7, null]);
});

test('a signal to the launcher reaches the daemon once, and its exit code comes back', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const started = (await makePackage(t, { dist: true, node: true })).start(['wait'], pretendOld);
    await nextLine(started);
    started.child.kill(signal);
    t.is(await nextLine(started), signal);
    t.deepEqual(await started.ended, [5, null]);
  }
});

test('when the launcher is killed the daemon is gone too', async (t) => {
  const started = (await makePackage(t, { dist: true, node: true })).start(['wait'], pretendOld);
  await nextLine(started);
  started.child.kill('SIGKILL');
  t.deepEqual(await started.ended, [null, 'SIGKILL'], 'its output closes only when the daemon has ended');
});

test('a daemon that was killed makes the launcher end by the same signal', async (t) => {
  const started = (await makePackage(t, { dist: true, node: true })).start(['wait'], pretendOld);
  process.kill(JSON.parse(await nextLine(started)).pid, 'SIGKILL');
  t.deepEqual(await started.ended, [null, 'SIGKILL']);
});

test('on an older Node with no other at hand it says what to install', async (t) => {
  const started = (await makePackage(t, { dist: true })).start(['run'], pretendOld);
  t.deepEqual(await started.ended, [1, null]);
  t.regex(started.errors.join(''), /^holdfast: needs Node 24 or newer, this is v\d+.*npm ci/);
});

test('sources run unless the build is at least as new; a package without sources runs its build', async (t) => {
  const long = new Date('2020-01-01');
  const from = async (package_: Package) => JSON.parse(await nextLine(package_.start(['x']))).from.slice(-7);
  const both = await makePackage(t, { dist: true, src: true });
  await utimes(join(both.directory, 'dist/main.js'), long, long);
  t.is(await from(both), 'main.ts');
  await utimes(join(both.directory, 'src/main.ts'), long, long);
  await utimes(join(both.directory, 'package.json'), long, long);
  t.is(await from(both), 'main.js');
  t.is(await from(await makePackage(t, { src: true })), 'main.ts');
  const neither = (await makePackage(t, {})).start([]);
  t.deepEqual(await neither.ended, [1, null]);
  t.regex(neither.errors.join(''), /neither dist\/main\.js nor src\/main\.ts/);
});

/** npm in front of a shell in front of the launcher, as `npx holdfast wait` makes them; the shell passes no signals on. */
function startAsNpmDoes(t: ExecutionContext, directory: string, nodeOptions: readonly string[]) {
  const launcher = [process.execPath, ...nodeOptions, join(directory, 'bin/holdfast.mjs'), 'wait'];
  const shell = `"$@"; exit $?`;
  const script = `
    const shell = require('child_process').spawn('sh', ['-c', ${JSON.stringify(shell)}, ...process.argv.slice(1)], { stdio: 'inherit' });
    console.log(shell.pid);
    shell.on('exit', () => process.exit());`;
  const npm = spawn(process.execPath, ['-e', script, '--', 'sh', ...launcher], {
    argv0: 'npm exec holdfast wait',
    env: { ...process.env, npm_execpath: '/npm-cli.js' },
  });
  t.teardown(() => npm.kill('SIGKILL'));
  const lines = createInterface({ input: npm.stdout })[Symbol.asyncIterator]();
  return { child: npm, lines, errors: [], ended: once(npm, 'close') as Started['ended'] };
}

test('when npx is told to end, which ends only its shell, the daemon is told too', async (t) => {
  const { directory } = await makePackage(t, { dist: true, node: true });
  for (const nodeOptions of [[], pretendOld]) {
    const npx = startAsNpmDoes(t, directory, nodeOptions);
    const shell = Number(await nextLine(npx));
    t.regex(await nextLine(npx), /"words":\["wait"\]/);
    process.kill(shell, 'SIGTERM');
    t.is(await nextLine(npx), 'SIGTERM');
    await npx.ended;
  }
});

test('when npx is killed the daemon is gone too', async (t) => {
  const { directory } = await makePackage(t, { dist: true, node: true });
  for (const nodeOptions of [[], pretendOld]) {
    const npx = startAsNpmDoes(t, directory, nodeOptions);
    await nextLine(npx);
    t.regex(await nextLine(npx), /"words":\["wait"\]/);
    npx.child.kill('SIGKILL');
    await npx.ended;
    t.true(
      (await npx.lines.next()).done,
      'its output closes only when the daemon has ended, and it had no time to say more',
    );
  }
});
