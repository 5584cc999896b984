import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { LineReader } from '../line-reader.ts';
import { onNode } from './on-node.ts';

onNode('a lab whose process is killed leaves no process, no cgroup and no file behind', async (t) => {
  const script = `
    const { startNodeLab } = await import(${JSON.stringify(join(import.meta.dirname, 'node-lab.ts'))});
    const lab = await startNodeLab();
    console.log(lab.plane.directory + ' ' + lab.node.onDisk('/'));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const output = new LineReader([child.stdout], (line) => line);
  const line = await output.waitFor('the node is up', (text) => text.startsWith('/'), { timeoutMs: 120_000 });
  const directories = line.split(' ').map((path) => path.replace(/^(.*holdfast-e2e-[^/]*).*/, '$1'));
  t.true(directories.every(existsSync));
  t.true(processesNaming(directories).length >= 5);
  t.true(globSync(`/sys/fs/cgroup/**/holdfast-e2e-${child.pid}-*`).length > 0);
  child.kill('SIGKILL');
  await eventually('nothing is left', () => leftOf(directories, child.pid).length === 0, { timeoutMs: 20_000 }).catch(
    () => undefined,
  );
  t.deepEqual(leftOf(directories, child.pid), []);
});

function leftOf(directories: readonly string[], pid: number | undefined): string[] {
  const cgroups = globSync(`/sys/fs/cgroup/{.,*}/holdfast-e2e-${pid}-*`);
  return [...directories.filter(existsSync), ...cgroups, ...processesNaming(directories)];
}

/** Command lines with one of these paths in them. */
function processesNaming(paths: readonly string[]): string[] {
  return globSync('/proc/[0-9]*/cmdline').flatMap((file) => {
    try {
      const command = readFileSync(file, 'latin1').replaceAll('\0', ' ');
      return paths.some((path) => command.includes(path)) && !file.includes(`/${process.pid}/`) ? [command] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
