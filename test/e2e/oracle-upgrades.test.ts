// Oracle case 12: upgraded connections and log streams. Half-close is tried on the demo's echo, which keeps it (a real
// apiserver does not); that SPDY, WebSocket and `logs -f` pass a real apiserver, on one with a stand-in for kubelet.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, request as sendRequest } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { type ControlPlane as Demo, startControlPlane as startDemo } from '../../src/demo/control-plane.ts';
import { definitionOfKey } from '../../src/demo/resource-definitions.ts';
import { eventually } from './eventually.ts';
import { type Hub, startHub } from './hub.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';
import { readCredential } from './proxied-identity.ts';
import { type Relay, startRelay } from './relay.ts';

const exec = '/api/v1/namespaces/shop/pods/web/exec?command=cat&stdin=true&stdout=true';
const spdy = { method: 'POST', protocol: 'SPDY/3.1', headers: ['X-Stream-Protocol-Version: v4.channel.k8s.io'] };
const webSocket = {
  method: 'GET',
  protocol: 'websocket',
  headers: [
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: v4.channel.k8s.io',
  ],
};

let demo: Demo;
let relay: Relay;
let directory: string;
let hub: Hub;
let kubelet: Server;
let lab: Lab;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  demo = await startDemo({ clock: systemClock, random: Math.random });
  demo.store.create(definitionOfKey('v1/namespaces'), '', { metadata: { name: 'shop' } });
  demo.store.create(definitionOfKey('v1/pods'), 'shop', podOf('web', nodeName) as never);
  relay = await startRelay(demo.port);
  directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-upgrades-'));
  const server = `http://${relay.address}:${relay.port}`;
  const kubeconfig = writeKubeconfig(join(directory, 'cloud'), { server, caFile: undefined, credentials: undefined });
  hub = await startHub({ kubeconfig, nodeName, dataDir: join(directory, 'data'), waitFor: '/readyz' });

  lab = await startLab({
    withoutProxy: true,
    async prepare({ admin, createNamespace, pki }) {
      kubelet = createServer(
        readCredential(pki.issue({ commonName: 'kubelet', usage: 'server', names: ['127.0.0.1'] })),
      );
      standInForKubelet(kubelet);
      await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
      const { port } = kubelet.address() as AddressInfo;
      await admin.expect('PATCH', `/api/v1/nodes/${nodeName}/status`, {
        status: {
          addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
          daemonEndpoints: { kubeletEndpoint: { Port: port } },
        },
      });
      await createNamespace('shop');
      await admin.expect('POST', '/api/v1/namespaces/shop/pods', podOf('web', nodeName));
    },
  });
});
test.after.always(async () => {
  await hub?.kill9();
  await relay?.stop();
  await demo?.close();
  await lab?.stop();
  kubelet?.closeAllConnections();
  kubelet?.close();
  await rm(directory, { recursive: true, force: true });
});

for (const upgrade of [spdy, webSocket]) {
  for (const port of ['TLS port', 'plain port'] as const) {
    test(`case 12: ${upgrade.protocol} through the ${port} goes both ways, and a side that has ended still hears the other`, async (t) => {
      const socket = await dial(port);
      t.teardown(() => socket.destroy());
      const { status, headers, inbox } = await upgraded(socket, upgrade);
      t.is(status, 101);
      t.is(headers.get('upgrade'), upgrade.protocol);
      socket.write('hello');
      t.is((await inbox.read(5)).toString(), 'hello');
      const large = Buffer.alloc(3_000_000, 'holdfast ');
      socket.end(large); // the whole echo comes after our side has ended
      t.true((await inbox.read(large.length)).equals(large));
      await inbox.ended();
      await eventually('the tunnel’s connection is gone', () => relay.carrying(large.length) === 0);
    });
  }

  test(`case 12: a client of ${upgrade.protocol} that breaks off is heard upstream, a cut link by the client`, async (t) => {
    const leaver = await dial('plain port');
    const { inbox: echo } = await upgraded(leaver, upgrade);
    const large = Buffer.alloc(1_000_000, 'holdfast ');
    leaver.write(large);
    t.true((await echo.read(large.length)).equals(large));
    t.is(relay.carrying(large.length), 1);
    leaver.resetAndDestroy();
    await eventually('the tunnel’s connection is gone', () => relay.carrying(large.length) === 0);
    const left = await dial('plain port');
    t.teardown(() => left.destroy());
    const { inbox } = await upgraded(left, upgrade);
    await relay.set('reset');
    await inbox.ended();
    await relay.set('pass');
    await eventually('the link is back', async () => (await hub.admin.request('GET', '/readyz')).status === 200);
  });
}

test('case 12: an upgrade that the apiserver refuses has its answer', async (t) => {
  const socket = await dial('plain port');
  t.teardown(() => socket.destroy());
  const { status, headers, inbox } = await upgraded(socket, spdy, exec.replace('web', 'nobody'));
  t.is(status, 404);
  const body = await inbox.read(Number(headers.get('content-length')));
  t.like(JSON.parse(body.toString()), { kind: 'Status', code: 404, reason: 'NotFound' });
});

for (const upgrade of [spdy, webSocket]) {
  test(`case 12: ${upgrade.protocol} passes the real apiserver`, async (t) => {
    const token = await execToken(upgrade.protocol.slice(0, 4).toLowerCase());
    const socket = connectTls({
      host: '127.0.0.1',
      port: lab.hub.ports.api,
      ca: readFileSync(lab.hub.caFile),
      ALPNProtocols: ['http/1.1'],
    });
    t.teardown(() => socket.destroy());
    await once(socket, 'secureConnect');
    const { status, headers, inbox } = await upgraded(socket, {
      ...upgrade,
      headers: [...upgrade.headers, `Authorization: Bearer ${token}`],
    });
    t.is(status, 101, status === 101 ? '' : (await inbox.read(Number(headers.get('content-length')))).toString());
    t.is(headers.get('upgrade')?.toLowerCase(), upgrade.protocol.toLowerCase());
    for (const text of ['one', 'two', 'x'.repeat(100_000)]) {
      socket.write(text);
      t.is((await inbox.read(text.length)).toString(), text);
    }
  });
}

test('logs -f come as they are written, and the client that leaves is heard by kubelet', async (t) => {
  const token = await execToken('logs');
  const lines = await new Promise<{ first: string; ms: number }>((resolve, reject) => {
    const request = sendRequest(
      `${lab.hub.apiUrl}/api/v1/namespaces/shop/pods/web/log?follow=true`,
      { ca: readFileSync(lab.hub.caFile), agent: false, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        const started = performance.now();
        response.once('data', (chunk: Buffer) => {
          resolve({ first: chunk.toString(), ms: performance.now() - started });
          request.destroy();
        });
      },
    );
    request.on('error', (error) => reject(error));
    request.end();
  });
  t.is(lines.first, 'line 1\n');
  t.true(lines.ms < 1_000);
  await eventually('kubelet hears it', () => openLogs === 0);
});

let openLogs = 0;

/** Sends back every byte of an upgraded connection; writes a line of log every now and then. */
function standInForKubelet(server: Server): void {
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/containerLogs/')) return void response.writeHead(404).end();
    openLogs += 1;
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('line 1\n');
    response.on('close', () => {
      openLogs -= 1;
    });
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${request.headers.upgrade}`];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    socket.write(head);
    socket.pipe(socket);
  });
}

function execToken(name: string): Promise<string> {
  return lab.account('shop', name, [
    { apiGroups: [''], resources: ['pods', 'pods/exec', 'pods/log'], verbs: ['get', 'create'] },
  ]);
}

async function dial(port: 'TLS port' | 'plain port'): Promise<Socket> {
  if (port === 'plain port') {
    const socket = connect({ host: '127.0.0.1', port: hub.ports.loopback, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }
  const file = (name: string) => readFileSync(join(hub.dataDir, 'pki', name));
  const options: ConnectionOptions = {
    ...{ host: '127.0.0.1', port: hub.ports.api, allowHalfOpen: true },
    ...{ ca: file('ca.crt'), cert: file('client.crt'), key: file('client.key') },
  };
  const socket = connectTls(options);
  await once(socket, 'secureConnect');
  return socket;
}

/** Asks for the upgrade and reads the head of the answer; `inbox` has what follows. */
async function upgraded(
  socket: Socket,
  { method, protocol, headers }: { method: string; protocol: string; headers: readonly string[] },
  path = exec,
): Promise<{ status: number; headers: Map<string, string>; inbox: Inbox }> {
  const inbox = new Inbox(socket);
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: hub', 'Connection: Upgrade', `Upgrade: ${protocol}`, ...headers];
  if (method === 'POST') lines.push('Content-Length: 0');
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [first = '', ...others] = (await inbox.readTo('\r\n\r\n')).split('\r\n');
  const found = others.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(' ')[1]), headers: new Map(found), inbox };
}

/** What came on a socket and was not read yet; from its first byte, so to be asked for when the socket is made. */
class Inbox {
  #bytes: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #news = Promise.withResolvers<void>();
  hasEnded = false;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#tell();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.hasEnded = true;
        this.#tell();
      });
    }
  }

  /** Exactly so many bytes; an early end is an error. */
  async read(count: number): Promise<Buffer> {
    await this.#until(() => this.#length() >= count);
    return this.#take(count);
  }

  /** Everything up to the separator, which is taken too. */
  async readTo(separator: string): Promise<string> {
    await this.#until(() => this.#join().includes(separator));
    const end = this.#join().indexOf(separator);
    return this.#take(end + separator.length)
      .subarray(0, end)
      .toString('latin1');
  }

  async ended(): Promise<void> {
    while (!this.hasEnded) await this.#news.promise;
  }

  async #until(isMet: () => boolean): Promise<void> {
    while (!isMet()) {
      if (this.hasEnded) throw new Error(`the stream has ended; left of it: ${this.#join().subarray(0, 300)}`);
      await this.#news.promise;
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #length(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, this.#bytes.length);
  }

  #join(): Buffer {
    if (this.#chunks.length > 0) this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks.splice(0)]);
    return this.#bytes;
  }

  #take(count: number): Buffer {
    const all = this.#join();
    this.#bytes = all.subarray(count);
    return all.subarray(0, count);
  }
}
