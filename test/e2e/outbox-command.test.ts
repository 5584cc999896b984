// A write that the cloud did not take, as an operator meets it: an Event on the object, `holdfast outbox` on the node.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaries } from './build-binaries.ts';
import { eventually } from './eventually.ts';
import { kubectl as runKubectl } from './kubectl.ts';
import { type Lab, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = { headers: { 'content-type': 'application/merge-patch+json' } };
const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** As a user of the node would run it; nobody is at a terminal. */
async function holdfast(lab: Lab, ...words: readonly string[]): Promise<Ran> {
  const { adminUrl, dataDir } = lab.hub;
  const flags = ['--admin', new URL(adminUrl).host, ...(words[0] === 'outbox' ? ['--data-dir', dataDir] : [])];
  const child = spawn(process.execPath, [main, ...words, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, error] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, error };
}

test('a write parked after a cut is an Event on its object, and is listed, shown, exported, insisted on and dropped', async (t) => {
  t.timeout(180_000);
  const lab = await startLab({ hubArguments: ['--offline-writes', 'configmaps', '--replay-jitter', '0s'] });
  const cacheDir = await mkdtemp(join(tmpdir(), 'holdfast-kubectl-'));
  t.teardown(async () => {
    await lab.stop();
    await rm(cacheDir, { recursive: true, force: true });
  });
  const { admin } = lab.plane;
  const { kubectl: program } = await binaries(['kubectl']);
  const kubeconfig = lab.plane.kubeconfig('admin');
  const kubectl = (...words: readonly string[]) => runKubectl({ program, kubeconfig, cacheDir }, ...words);

  const token = await lab.account('default', 'writer', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
  const client = () => lab.as(token);
  await client().expect('POST', maps, { metadata: { name: 'web' }, data: { color: 'red', size: '1' } });
  await client().expect('PATCH', `${maps}/web`, { data: { size: '1' } }, merge);
  await client().expect('GET', maps);
  await lab.followed('v1/configmaps', { namespace: 'default' });
  const inCloud = async () => (await admin.expect('GET', `${maps}/web`)).data;

  /** Both sides change `color` while the link is cut. */
  const conflict = async (here: string, there: string): Promise<void> => {
    await lab.cut();
    await client().expect('PATCH', `${maps}/web`, { data: { color: here, size: here } }, merge);
    await admin.expect('PATCH', `${maps}/web`, { data: { color: there } }, merge);
    await lab.heal();
    await eventually('the write is parked', async () => /PARKED/.test((await holdfast(lab, 'outbox', 'list')).out));
  };
  await conflict('blue', 'green');
  t.like(await inCloud(), { color: 'green', size: 'blue' }, 'what is not in conflict has arrived');
  await eventually('kubectl sees the Event', async () => {
    const { stdout } = await kubectl('get', 'events', '-n', 'default', '--field-selector', 'reason=WriteParked');
    return /Warning +WriteParked +configmap\/web +A write of .*writer.*data\.color.*holdfast outbox show/.test(stdout);
  });
  const described = await kubectl('describe', 'configmap', 'web', '-n', 'default');
  t.regex(described.stdout, /Warning +WriteParked .* holdfast +A write of/);

  await lab.restartHub();
  await eventually('the link is known', async () => (await lab.status()).link.state === 'online');
  const list = await holdfast(lab, 'outbox', 'list');
  const n =
    /^(\d+) +PARKED +update +configmaps default\/web +system:serviceaccount:default:writer .*both sides changed data\.color/m.exec(
      list.out,
    )?.[1];
  t.truthy(n, list.out);
  t.regex((await holdfast(lab, 'status')).out, /1 parked, for you to decide: holdfast outbox list/);
  t.regex((await lab.hub.admin.request('GET', '/readyz?verbose')).raw.toString(), /\[\+\]outbox ok \(1 is parked\)/);
  const metrics = (await lab.hub.admin.request('GET', '/metrics')).raw.toString();
  t.regex(metrics, /^holdfast_outbox_entries\{state="parked"\} 1$/m);

  const show = await holdfast(lab, 'outbox', 'show', n!);
  t.regex(show.out, /! data\.color: both sides changed it\n +before +"red"\n +here +"blue"\n +cloud +"green"/);
  const path = (await holdfast(lab, 'outbox', 'export', '--output', 'json')).out;
  const exported = JSON.parse(path);
  t.is(exported.entries, 1);
  t.is((await stat(exported.path)).mode & 0o777, 0o600);
  const copy = await readFile(exported.path, 'utf8');
  t.true(copy.includes('"color":"blue"'));
  t.false(copy.includes(token));

  const again = await holdfast(lab, 'outbox', 'retry', n!);
  t.is(again.code, 1, again.error);
  t.regex(again.out, /parked again: .*\n +holdfast outbox retry \d+ --mine/);
  const mine = await holdfast(lab, 'outbox', 'retry', n!, '--mine');
  t.deepEqual(mine, { code: 0, out: `write ${n}: the cloud has it\n`, error: '' });
  t.like(await inCloud(), { color: 'blue', size: 'blue' });
  t.is((await holdfast(lab, 'outbox', 'show', n!)).error, `holdfast: no write ${n} is waiting or parked here\n`);

  await conflict('black', 'white');
  const unasked = await holdfast(lab, 'outbox', 'drop', 'all');
  t.is(unasked.code, 2);
  t.regex(unasked.error, /nobody is at a terminal to answer: give --yes/);
  const dropped = await holdfast(lab, 'outbox', 'drop', 'all', '--yes');
  t.is(dropped.code, 0, dropped.error);
  t.regex(dropped.out, /^write \d+: dropped; a copy is in .*outbox-dropped\.jsonl$/m);
  const kept = JSON.parse((await readFile(join(lab.hub.dataDir, 'outbox-dropped.jsonl'), 'utf8')).trim());
  t.is(kept.entry.after.data.color, 'black');
  t.like(await inCloud(), { color: 'white' });
  await lab.restartHub();
  await eventually('nothing is parked', async () =>
    (await holdfast(lab, 'outbox', 'list')).out.startsWith('No write waits for the cloud, and none is parked.'),
  );
  await eventually('the hub shows what the cloud has', async () => {
    return (await client().expect('GET', `${maps}/web`)).data.color === 'white';
  });
});

test('where no daemon runs, the command says so', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-none-'));
  t.teardown(() => rm(dataDir, { recursive: true }));
  const lab = { hub: { adminUrl: 'http://127.0.0.1:1', dataDir } } as Lab;
  const { code, error } = await holdfast(lab, 'outbox', 'list');
  t.is(code, 1);
  t.regex(error, /^holdfast: no Holdfast daemon answers on 127\.0\.0\.1:1: start one with/);
});
