import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import test from 'ava';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

test('the built bundle does what the sources do: demo, status, YAML, a clean end', async (t) => {
  // Below node_modules, where what the bundle leaves outside is found.
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true });
  const directory = await mkdtemp(join(root, 'node_modules/.cache/holdfast-bundle-'));
  t.teardown(() => rm(directory, { recursive: true }));
  await run(process.execPath, [join(root, 'scripts/build.ts'), join(directory, 'dist')]);
  await writeFile(join(directory, 'dist/package.json'), '{"type":"module"}');
  const program = join(directory, 'dist/main.js');
  await access(join(directory, 'dist/generated/kubernetes-types.txt')); // read when first needed

  const config = join(directory, 'config.yaml');
  await writeFile(config, 'admin: 127.0.0.1:0 # any\nlisten: [ "127.0.0.1:0" ]\n');
  const demo = spawn(process.execPath, [program, 'start', '--config', config], { env: {} });
  t.teardown(() => demo.kill('SIGKILL'));
  const complaints: string[] = [];
  demo.stderr.on('data', (text) => complaints.push(String(text)));
  let admin: string | undefined;
  for await (const line of createInterface({ input: demo.stdout })) {
    admin = /^ +admin +http:\/\/(\S+)/.exec(line)?.[1];
    if (admin !== undefined) break;
  }
  t.truthy(admin, complaints.join(''));

  const { stdout } = await run(process.execPath, [program, 'status', '--admin', admin!, '--output', 'json'], {
    env: {},
  });
  t.is(JSON.parse(stdout).identity.nodeName, 'edge-1');
  demo.stdout.resume();
  demo.kill('SIGTERM');
  t.deepEqual(await once(demo, 'close'), [0, null], complaints.join(''));
});
