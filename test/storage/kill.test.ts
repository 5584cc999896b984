import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import { openTestRecords } from './open-test-records.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** The last number the writer said was acknowledged, and anything it complained of. */
async function writeAndKill(
  directory: string,
  linesBeforeKill: number,
): Promise<{ last: number; complaints: string[] }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'write-until-killed.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('latin1');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > linesBeforeKill) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${text}`);
  const lines = text.split('\n').slice(0, -1);
  return {
    last: Math.max(...lines.filter((line) => /^\d+$/.test(line)).map(Number)),
    complaints: lines.filter((line) => line.startsWith('complaint')),
  };
}

test('what was acknowledged survives SIGKILL, twenty times over', async (t) => {
  t.timeout(120_000);
  const directory = temporaryDirectory(t);
  for (let kill = 0; kill < 20; kill++) {
    const { last, complaints } = await writeAndKill(directory, 5 + ((kill * 37) % 120));
    t.deepEqual(complaints, []);
    const { records, damages } = await openTestRecords(t, { directory });
    const found = new Set<number>();
    for await (const page of records.load('observed')) for (const { key } of page) found.add(Number(key));
    const missing = Array.from({ length: last + 1 }, (_, number) => number).filter((number) => !found.has(number));
    t.deepEqual(missing, [], `after kill ${kill + 1}`);
    const newest = Math.max(...found);
    t.is(String(await records.read('object', String(newest % 50))), `newest is ${newest}`);
    t.deepEqual(damages, []);
    await records.close();
  }
});
