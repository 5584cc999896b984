import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { binariesDirectory, binaryNames, recipeOf } from './binaries.ts';
import { test } from './one-by-one.ts';

const builder = join(import.meta.dirname, 'build-binaries.ts');

async function temporaryDirectory(t: { teardown(end: () => unknown): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-bin-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function runBuilder(names: readonly string[], env: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, [builder, ...names], { env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
}

test('every program is kept outside the checkout, under its version', (t) => {
  const root = binariesDirectory({ HOME: '/home/x', XDG_CACHE_HOME: '/cache' });
  t.is(root, '/cache/holdfast-e2e');
  t.is(binariesDirectory({ HOLDFAST_E2E_BIN: '/given', XDG_CACHE_HOME: '/cache' }), '/given');
  for (const name of binaryNames) {
    const { path, version } = recipeOf(name, root);
    t.is(path, join(root, version, name));
    t.regex(version, /^v\d+\.\d+\.\d+$|^sources-[0-9a-f]{12}$/);
  }
});

test('without Go the message says what is needed and where a finished program may be put', async (t) => {
  const directory = await temporaryDirectory(t);
  const { code, output } = await runBuilder(['etcd'], { HOLDFAST_E2E_BIN: directory, PATH: directory });
  t.is(code, 1);
  t.regex(output, /etcd is built from source and needs Go 1\.\d+/);
  t.true(output.includes(recipeOf('etcd', directory).path));
});

test('a Go that is too old is named', async (t) => {
  const directory = await temporaryDirectory(t);
  const oldGo = `#!/bin/sh\necho '{"GOVERSION":"go1.19.8","GOTOOLCHAIN":"local"}'\n`;
  await writeFile(join(directory, 'go'), oldGo, { mode: 0o755 });
  const { code, output } = await runBuilder(['etcd'], { HOLDFAST_E2E_BIN: directory, PATH: `${directory}:/bin` });
  t.is(code, 1);
  t.regex(output, /needs Go 1\.\d+\S* or later; the PATH has Go 1\.19\.8/);
});

test('a name that does not exist is wrong usage', async (t) => {
  const { code, output } = await runBuilder(['kubelte'], {});
  t.is(code, 2);
  t.regex(output, /unknown: kubelte/);
});

test('what is there needs no Go and is not touched', async (t) => {
  const directory = await temporaryDirectory(t);
  const { path } = recipeOf('etcd', directory);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'finished');
  const { code, output } = await runBuilder(['etcd'], { HOLDFAST_E2E_BIN: directory, PATH: directory });
  t.is(code, 0);
  t.is(output, `etcd  ${path}\n`);
});

test('two builds at once make one build, and a failed one leaves nothing under the final name', async (t) => {
  const directory = await temporaryDirectory(t);
  const program = recipeOf('informer', directory).path;
  // A Go that notes each build, takes its time, and fails the first time.
  const notes = join(directory, 'notes');
  const slowGo = `#!/bin/sh
if [ "$1" = env ]; then echo '{"GOVERSION":"go9.9.9","GOTOOLCHAIN":"local"}'; exit; fi
while [ "$1" != -o ]; do shift; done
echo built >> ${notes}; echo half > "$2"
sleep 0.5
if [ ! -e ${directory}/once ]; then touch ${directory}/once; echo example.test/broken >&2; exit 1; fi
echo whole > "$2"
`;
  await writeFile(join(directory, 'go'), slowGo, { mode: 0o755 });
  const env = { HOLDFAST_E2E_BIN: directory, PATH: `${directory}:/bin:/usr/bin` };
  const failed = await runBuilder(['informer'], env);
  t.is(failed.code, 1);
  t.regex(failed.output, /go build of informer ended with 1:\nexample\.test\/broken/);
  t.false(existsSync(program));
  const both = await Promise.all([runBuilder(['informer'], env), runBuilder(['informer'], env)]);
  t.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
  );
  t.is(both.filter(({ output }) => output.includes('waiting for it')).length, 1);
  t.deepEqual(await readdir(dirname(program)), ['informer']);
  t.is(await readFile(program, 'utf8'), 'whole\n');
  t.is(await readFile(notes, 'utf8'), 'built\nbuilt\n');
});
