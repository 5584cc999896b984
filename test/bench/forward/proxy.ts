// One process, one proxy: `bare` (fastify with hijacked replies, undici's dispatch, nothing else) or `ours`.
import fastify, { type FastifyInstance } from 'fastify';
import { Pool } from 'undici';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import { nodeCredential } from '../../../src/cache/credential.ts';
import { forward } from '../../../src/hub/upstream/forward.ts';
import { Servers } from '../../../src/hub/upstream/servers.ts';
import { Upstream } from '../../../src/hub/upstream/upstream.ts';

process.on('message', (message) => void start(message as { kind: string; port: number; ca: string }));
process.on('disconnect', () => process.exit());

async function start({ kind, port, ca }: { kind: string; port: number; ca: string }): Promise<void> {
  const app = fastify({ requestTimeout: 0 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  const origin = `https://127.0.0.1:${port}`;
  if (kind === 'bare') bare(app, origin, ca);
  else ours(app, origin, ca);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  process.send?.({ port: Number(new URL(url).port) });
}

function ours(app: FastifyInstance, origin: string, ca: string): void {
  const credentials = { certificateAuthority: Buffer.from(ca) };
  const upstream = new Upstream({
    servers: new Servers([origin]),
    credentials,
    clock: systemClock,
    proxyVariables: {},
  });
  app.all('/*', (request, reply) => {
    reply.hijack();
    forward(upstream, {
      request: request.raw,
      response: reply.raw,
      path: request.raw.url ?? '/',
      credential: nodeCredential,
    }).catch((error) => reply.raw.destroy(error));
  });
}

function bare(app: FastifyInstance, origin: string, ca: string): void {
  const options = { allowH2: false, connections: null, headersTimeout: 0, bodyTimeout: 0 };
  const pool = new Pool(origin, { ...options, connect: { ca } });
  app.all('/*', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    const { host: _host, connection: _connection, ...headers } = request.headers;
    pool.dispatch(
      { path: request.raw.url ?? '/', method: request.method, headers },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode, { 'transfer-encoding': _chunked, connection: _kept, ...kept }) {
          raw.writeHead(statusCode, kept);
        },
        onResponseData(controller, chunk) {
          if (raw.write(chunk)) return;
          controller.pause();
          raw.once('drain', () => controller.resume());
        },
        onResponseEnd() {
          raw.end();
        },
        onResponseError(_controller, error) {
          raw.destroy(error);
        },
      },
    );
  });
}
