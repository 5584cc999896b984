// A hub whose disk is full while the cloud is away. Needs the right to mount.
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { configMap, eventually, type RunningHub, startRunningHub } from '../support/running-hub.ts';
import { fill, smallDisk } from './small-disk.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const patch = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } };

/** Its data directory is there. */
function startHubOn(disk: string): Promise<RunningHub> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = disk;
  return startRunningHub({}, ['--offline-writes', 'configmaps', '--replay-jitter', '0s']).finally(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
}

test.serial(
  'on a full disk a write is refused with 503 and not shown, reads go on, and it goes on by itself',
  async (t) => {
    t.timeout(120_000);
    const disk = smallDisk(t, '48m');
    if (disk === undefined) return t.pass();
    const hub = await startHubOn(disk);
    t.teardown(() => hub.stop());
    await hub.ask(maps, { method: 'POST', body: configMap('web', { a: '1' }) });
    await hub.ask(`${maps}/web`, { ...patch, body: { data: { a: '1' } } });
    await hub.ask(maps);
    await hub.untilFollowed('v1/configmaps');
    await hub.cut();
    t.is((await hub.ask(`${maps}/web`, { ...patch, body: { data: { a: '2' } } })).status, 200);

    const filler = join(disk, 'filler');
    fill(filler);
    await eventually(async () => {
      const b = randomBytes(2000).toString('hex');
      return (await hub.ask(`${maps}/web`, { ...patch, body: { data: { b } } })).status === 503;
    });
    const shown = (await hub.ask(`${maps}/web`)).json.data;
    const refused = await hub.ask(`${maps}/web`, { ...patch, body: { data: { c: 'refused' } } });
    t.is(refused.status, 503);
    t.is(refused.headers['retry-after'], undefined);
    t.regex(refused.json.message, /No space left on device|read-only/i);
    t.deepEqual((await hub.ask(`${maps}/web`)).json.data, shown, 'not shown');
    t.deepEqual((await hub.ask(maps)).json.items[0].data, shown, 'and lists go on');

    rmSync(filler);
    await eventually(
      async () => (await hub.ask(`${maps}/web`, { ...patch, body: { data: { a: '3' } } })).status === 200,
    );
    await hub.heal();
    await eventually(async () => (await hub.inCloud('GET', `${maps}/web`)).json.data.a === '3');
    t.is((await hub.inCloud('GET', `${maps}/web`)).json.data.c, undefined);
  },
);

test.serial(
  'a daemon that starts on a full disk, cut off, answers what is known and says what it could not write',
  async (t) => {
    t.timeout(180_000);
    const disk = smallDisk(t, '48m');
    if (disk === undefined) return t.pass();
    const hub = await startHubOn(disk);
    t.teardown(() => hub.stop());
    await hub.ask(maps, { method: 'POST', body: configMap('web', { a: '1' }) });
    await hub.ask(maps);
    await hub.untilFollowed('v1/configmaps');
    await hub.cut();
    const filler = join(disk, 'filler');
    fill(filler);
    // What the daemon itself gives back when it ends is taken, too.
    await hub.restart(() => fill(filler));
    await hub.untilLink('offline');
    t.deepEqual((await hub.ask(`${maps}/web`)).json.data, { a: '1' });
    t.is((await hub.ask(maps)).json.items.length, 1);
    const { warnings } = (await hub.status()).json;
    const said = warnings.find((warning: string) => warning.startsWith('The disk is full')) ?? '';
    t.regex(said, /admin-token|run\.json|kubeconfig/);
    t.log(said);
    for (const name of ['admin-token', 'run.json'])
      if (said.includes(name)) t.false(existsSync(join(hub.dataDir, name)));
  },
);
