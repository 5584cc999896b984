import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { main } from '../../src/main.ts';
import { temporaryDirectory } from '../storage/temporary-directory.ts';
import { healthyStatus } from '../support/hub-status.ts';
import { recordTerminal } from '../support/terminal.ts';

test('a node whose daemon still owes writes does not leave, by whichever path its data directory is named', async (t) => {
  const directory = temporaryDirectory(t);
  const [real, link, other] = ['real', 'link', 'other'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(real);
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
