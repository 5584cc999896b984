// One process, one proxy: `bare` (fastify with hijacked replies, undici's dispatch, nothing else) or `ours`.
import fastify, { type FastifyInstance } from 'fastify';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import { nodeCredential } from '../../../src/cache/credential.ts';
import { forward } from '../../../src/hub/upstream/forward.ts';
import { Servers } from '../../../src/hub/upstream/servers.ts';
import { Upstream } from '../../../src/hub/upstream/upstream.ts';
import { bareForward } from '../bare-forward.ts';

process.on('message', (message) => void start(message as { kind: string; port: number; ca: string }));
process.on('disconnect', () => process.exit());

async function start({ kind, port, ca }: { kind: string; port: number; ca: string }): Promise<void> {
  const app = fastify({ requestTimeout: 0 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  const origin = `https://127.0.0.1:${port}`;
  if (kind === 'bare') bareForward(app, origin, { ca });
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
