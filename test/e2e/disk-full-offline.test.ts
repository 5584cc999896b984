// A hub whose disk is full while the cloud is away. Needs the right to mount.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { configMap, eventually, startRunningHub } from '../support/running-hub.ts';
import { fill, smallDisk } from './small-disk.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const patch = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } };

test('on a full disk a write is refused with 503 and not shown, reads go on, and it goes on by itself', async (t) => {
  t.timeout(120_000);
  const disk = smallDisk(t, '48m');
  if (disk === undefined) return t.pass();
  const before = process.env.TMPDIR;
  process.env.TMPDIR = disk;
  const hub = await startRunningHub({}, ['--offline-writes', 'configmaps', '--replay-jitter', '0s']).finally(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
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
  await eventually(async () => (await hub.ask(`${maps}/web`, { ...patch, body: { data: { a: '3' } } })).status === 200);
  await hub.heal();
  await eventually(async () => (await hub.inCloud('GET', `${maps}/web`)).json.data.a === '3');
  t.is((await hub.inCloud('GET', `${maps}/web`)).json.data.c, undefined);
});
