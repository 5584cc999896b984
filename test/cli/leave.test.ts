import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { replaceKept } from '../../src/hub/enrolment/before-join.ts';
import { writeCloudDirectory } from '../../src/hub/enrolment/cloud-directory.ts';
import { enrolmentKubeconfig, nodeKubeconfig } from '../../src/hub/enrolment/upstream-kubeconfig.ts';
import { openStorage } from '../../src/hub/open-storage.ts';
import { main } from '../../src/main.ts';
import type { Change } from '../../storage/records.ts';
import { makeCertificate } from '../hub/pki/test-certificates.ts';
import { temporaryDirectory } from '../storage/temporary-directory.ts';
import { healthyStatus } from '../support/hub-status.ts';
import { recordTerminal } from '../support/terminal.ts';

const hourMs = 3_600_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

test('a node whose daemon still owes writes does not leave, by whichever path its data directory is named', async (t) => {
  const directory = temporaryDirectory(t);
  const [real, link, other] = ['real', 'link', 'other'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(join(real, 'cloud'), { recursive: true });
  writeFileSync(join(real, 'cloud', 'kubeconfig'), 'k');
  mkdirSync(other);
  symlinkSync(real, link);
  const { outbox, storage } = healthyStatus;
  const status = { ...healthyStatus, storage: { ...storage, directory: real }, outbox: { ...outbox, waiting: 2 } };
  const daemon = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(status));
  }).listen(0, '127.0.0.1');
  await once(daemon, 'listening');
  t.teardown(() => {
    daemon.close();
    daemon.closeAllConnections();
  });
  const admin = `--admin=127.0.0.1:${(daemon.address() as AddressInfo).port}`;
  for (const [dataDir, words] of [
    [real, /2 writes wait for the cloud/],
    [link, /2 writes wait for the cloud/],
    [`${real}/../real`, /2 writes wait for the cloud/],
    [other, /holds nothing that `holdfast join` wrote/], // another hub's directory
  ] as const) {
    const terminal = recordTerminal();
    t.is(await main(['leave', admin, '--data-dir', dataDir], terminal), 1);
    t.regex(terminal.complained.join('\n'), words, dataDir);
  }
});

test('with the daemon stopped the store is looked at: a node that owes writes does not leave unasked', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'data');
  const path = join(dataDir, '..', 'kubelet.conf');
  mkdirSync(dataDir, { mode: 0o700 });
  await replaceKept(dataDir, path, 'ours');
  const ask = async (...more: string[]) => {
    const terminal = recordTerminal();
    const code = await main(['leave', '--admin=127.0.0.1:1', '--data-dir', dataDir, ...more], terminal);
    return { code, said: terminal.complained.join('\n') };
  };
  const write = async (change: Change): Promise<void> => {
    const records = await openStorage(dataDir, systemClock, silent);
    await records.write([change], { sync: true });
    await records.close();
  };
  await write({ type: 'put', space: 'outbox', key: '1', value: Buffer.from('{}') });
  const refused = await ask();
  t.is(refused.code, 1);
  t.regex(refused.said, /1 writes wait .* does not run: start it .*--abandon-writes/);
  t.is(readFileSync(path, 'utf8'), 'ours', 'nothing was put back');

  await write({ type: 'delete', space: 'outbox', key: '1' });
  writeFileSync(join(dataDir, 'store', 'FORMAT'), 'holdfast storage 999\n');
  const unknown = await ask();
  t.is(unknown.code, 0);
  t.regex(unknown.said, /not known whether writes still wait .*no Holdfast daemon answers.*They would stay in/);
});

test('with the daemon stopped and nothing owed a node leaves without a word about it', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  await replaceKept(dataDir, join(dataDir, '..', 'kubelet.conf'), 'ours');
  const records = await openStorage(dataDir, systemClock, silent);
  await records.close();
  const terminal = recordTerminal();
  t.is(await main(['leave', '--admin=127.0.0.1:1', '--data-dir', dataDir], terminal), 0);
  t.deepEqual(terminal.complained, []);
});

test('on a machine that never joined, that is all that is said', async (t) => {
  const terminal = recordTerminal();
  t.is(await main(['leave', '--data-dir', '/nowhere', '--admin', '127.0.0.1:1'], terminal), 1);
  t.is(terminal.complained.length, 1);
  t.regex(terminal.complained[0]!, /^holdfast: --data-dir \/nowhere holds nothing that `holdfast join` wrote/);
});

test('a node that leaves with no certificate that works is told so, and is not told to use one', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'data');
  const path = join(dataDir, '..', 'kubelet.conf');
  mkdirSync(dataDir, { mode: 0o700 });
  const terminal = recordTerminal();
  const nowMs = terminal.now().getTime();
  const expired = (user: string, hours: number) =>
    makeCertificate(user, { notBeforeMs: nowMs - 48 * hourMs, notAfterMs: nowMs + hours * hourMs });
  const place = { server: 'https://127.0.0.1:1', authority: undefined };
  writeFileSync(path, enrolmentKubeconfig(place, { clientCertificate: expired('system:node:n', -2) }));
  const own = expired('system:node:n', -1);
  await writeCloudDirectory(dataDir, {
    kubeconfig: nodeKubeconfig(place, 'system:node:n'),
    authority: undefined,
    current: `${own.cert}${own.key}`,
    enrolment: undefined,
  });
  await replaceKept(dataDir, path, 'ours');
  t.is(await main(['leave', '--admin=127.0.0.1:1', '--data-dir', dataDir], terminal), 0);
  const said = terminal.printed.join('\n');
  t.regex(said, /it names expired at .*The hub's expired too, at .*none of this node works.*kubeadm join/);
  t.notRegex(said, /still works/);
});
