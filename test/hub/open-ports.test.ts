import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FilesAtStart } from '../../src/hub/files-at-start.ts';
import { announceOpenPorts, clientServers, openPorts, plainPortWarning } from '../../src/hub/open-ports.ts';

const listening = { listen: [{ host: '127.0.0.1', port: 10268 }], insecureLoopback: undefined };
const plain = { host: '127.0.0.1', port: 10261 };
const admin = { host: '127.0.0.1', port: 10267 };

test('a plain port that is open is warned of, by its address; without one there is nothing to say', (t) => {
  t.is(plainPortWarning(openPorts(listening, admin, 7)), undefined);
  t.regex(plainPortWarning(openPorts({ ...listening, insecureLoopback: plain }, admin, 7)) ?? '', /127\.0\.0\.1:10261/);
});

test('clients of this node reach every API port, and not the one for admins', (t) => {
  const every = { host: '0.0.0.0', port: 6443 };
  const servers = clientServers({ listen: [...listening.listen, every], insecureLoopback: plain });
  t.deepEqual(servers, ['127.0.0.1:10268', '127.0.0.1:6443', '127.0.0.1:10261']);
});

test('run.json says which ports are open, for as long as they are', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-ports-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const end = await announceOpenPorts(directory, new FilesAtStart(), openPorts(listening, admin, 7));
  const text = await readFile(join(directory, 'run.json'), 'utf8');
  t.deepEqual(JSON.parse(text), {
    pid: 7,
    listen: ['127.0.0.1:10268'],
    insecureLoopback: null,
    admin: '127.0.0.1:10267',
  });
  await end();
  await t.throwsAsync(readFile(join(directory, 'run.json')), { code: 'ENOENT' });
});
