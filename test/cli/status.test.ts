import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import test from 'ava';
import { renderScopes, renderStatus } from '../../src/cli/status-text.ts';
import { createAdminServer, listenAdmin } from '../../src/hub/admin/admin-server.ts';
import { main } from '../../src/main.ts';
import { makeAuthority, makeCertificate } from '../hub/pki/test-certificates.ts';
import { healthyStatus, podScope } from '../support/hub-status.ts';
import { nothingOwed } from '../support/outbox-parts.ts';
import { recordTerminal } from '../support/terminal.ts';

async function listeningAdmin(status = healthyStatus): Promise<{ flag: string; close(): Promise<void> }> {
  const server = createAdminServer({
    log: { error: () => {} },
    status: { status: () => status },
    cache: {
      lookUp: (_gvr, namespace, name) =>
        name === 'web'
          ? { state: 'present', ageSeconds: 1, body: Buffer.from(JSON.stringify({ namespace, name })) }
          : { state: 'absent' },
      placesOf: () => ({ isNamespaced: undefined, namespaces: [] }),
    },
    outbox: nothingOwed,
    doctor: { examine: async () => ({ findings: [], servers: [] }) },
    metrics: { contentType: 'text/plain', metrics: async () => '' },
    livenessChecks: [],
    readinessChecks: [],
    ownNames: new Set(),
  });
  const { port } = await listenAdmin(server, { host: '127.0.0.1', port: 0 });
  return { flag: `--admin=127.0.0.1:${port}`, close: () => server.close() };
}

test('how long it runs goes by the clock of the hub, whatever the date was at its start', (t) => {
  const started = { ...healthyStatus, now: '1970-01-01T00:02:00.000Z', startedAt: '1970-01-01T00:00:30.000Z' };
  t.regex(renderStatus(started), /running for 1m30s, since 1970-01-01/);
});

test('a healthy hub and a cut one read as here', (t) => {
  t.snapshot(renderStatus(healthyStatus), 'healthy');
  const cut = {
    ...healthyStatus,
    identity: { nodeName: 'edge-7', user: '' },
    link: {
      state: 'offline' as const,
      since: '2026-11-21T09:12:00.000Z',
      reason: 'no answer within 5 s',
      servers: [
        { url: '10.0.0.1:6443', isUp: false, reason: 'no answer within 5 s' },
        { url: 'https://10.0.0.2:6443', isUp: false, reason: 'connection refused' },
      ],
    },
    scopes: [
      { ...podScope, ageSeconds: 2891, following: false },
      {
        ...podScope,
        gvr: 'apps/v1/daemonsets',
        fieldSelector: '',
        labelSelector: 'a=b',
        complete: false,
        following: false,
        ageSeconds: null,
        objects: 0,
        resourceVersion: '',
      },
    ],
    storage: {
      ...healthyStatus.storage,
      state: 'read-only' as const,
      since: '2026-11-21T09:59:00.000Z',
      reason: 'the disk is full',
      damaged: 2,
    },
    outbox: { ...healthyStatus.outbox, waiting: 1, parked: 0, oldestSeconds: 42, droppedEvents: 3, damaged: 2 },
    warnings: ['the insecure port 127.0.0.1:10261 is open: whoever reaches it acts as the node'],
  };
  t.snapshot(renderStatus(cut), 'cut');
});

test('an outbox is told as it is, empty or being sent', (t) => {
  const told = (outbox: Partial<typeof healthyStatus.outbox>) =>
    renderStatus({ ...healthyStatus, outbox: { ...healthyStatus.outbox, parked: 0, ...outbox } })
      .split('\n')
      .find((line) => line.startsWith('outbox'));
  t.is(told({ waiting: 0, oldestSeconds: null }), 'outbox     no write waits for the cloud');
  const putOff = { entries: 2, reason: 'the cloud answered 429: enough' };
  const outbox = { ...healthyStatus.outbox, putOff };
  t.regex(renderStatus({ ...healthyStatus, outbox }), /^ +2 put off: the cloud answered 429: enough/m);
  t.is(
    told({ waiting: 2, oldestSeconds: 5, replaying: true }),
    'outbox     2 writes wait for the cloud, the oldest for 5s; they are being sent',
  );
});

test('a hub that nobody has asked yet says so instead of an empty table', (t) => {
  t.regex(renderScopes([]).join('\n'), /nobody has listed or watched/);
});

test('status, cache list and cache get ask the daemon', async (t) => {
  const admin = await listeningAdmin();
  t.teardown(() => admin.close());
  const run = async (...words: string[]) => {
    const terminal = recordTerminal();
    t.is(await main([...words, admin.flag], terminal), 0, terminal.complained.join('\n'));
    return terminal.printed.join('\n');
  };
  t.regex(await run('status'), /^link {7}online for 1h30m, since 2026-11-21T08:30/m);
  t.deepEqual(JSON.parse(await run('status', '--output', 'json')), healthyStatus);
  t.regex(await run('cache', 'list'), /v1\/pods +\(all\) +spec\.nodeName=edge-7 +yes/);
  t.deepEqual(JSON.parse(await run('cache', 'get', 'pods', 'default/web')), { namespace: 'default', name: 'web' });
  t.deepEqual(JSON.parse(await run('cache', 'get', 'v1/nodes', 'web')), { namespace: '', name: 'web' });
});

test('what the daemon refuses is said in its own words, with exit code 1', async (t) => {
  const admin = await listeningAdmin();
  t.teardown(() => admin.close());
  const terminal = recordTerminal();
  t.is(await main(['cache', 'get', 'pods', 'default/gone', admin.flag], terminal), 1);
  t.deepEqual(terminal.complained, ['holdfast: pods "gone" not found']);
});

test('where no daemon runs, status says so and what to do', async (t) => {
  const unused = await listeningAdmin();
  await unused.close();
  const terminal = recordTerminal();
  t.is(await main(['status', unused.flag], terminal), 1);
  t.regex(
    terminal.complained[0]!,
    /^holdfast: no Holdfast daemon answers on 127\.0\.0\.1:\d+: start one with `holdfast run`, or say with --admin [^:]*:PORT [^:]*:10267 [^:]*$/,
  );
});

test('another program on that port is not taken for the daemon', async (t) => {
  const other = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const terminal = recordTerminal();
  t.is(await main(['status', `--admin=127.0.0.1:${(other.address() as AddressInfo).port}`], terminal), 1);
  t.regex(terminal.complained[0]!, /is not Holdfast's admin port: it answered 200: hello; say with --admin/);
});

test('an API port is not taken for the admin port, over TLS or plain', async (t) => {
  const overTls = createTlsServer(makeCertificate('hub', { use: 'server', issuer: makeAuthority('ca').issuer }));
  const plain = createServer((_request, response) => {
    const status = { kind: 'Status', status: 'Failure', message: 'the server could not find the requested resource' };
    response.writeHead(404).end(JSON.stringify(status));
  });
  for (const [server, words] of [
    [overTls, /is not the admin port: it speaks TLS, as the API port .* say with --admin/],
    [plain, /is not Holdfast's admin port: it answered 404: the server could not find .* say with --admin/],
  ] as const) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    const terminal = recordTerminal();
    t.is(await main(['status', `--admin=127.0.0.1:${(server.address() as AddressInfo).port}`], terminal), 1);
    t.regex(terminal.complained[0]!, words);
  }
});
