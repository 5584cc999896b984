// The least that a proxy on the same libraries can do: hijacked replies of fastify, undici's dispatch, nothing else.
import type { FastifyInstance } from 'fastify';
import { Pool } from 'undici';

/** @param connect how the TLS connection to `origin` is made */
export function bareForward(app: FastifyInstance, origin: string, connect: Pool.Options['connect'] & object): void {
  const pool = new Pool(origin, { allowH2: false, connections: null, headersTimeout: 0, bodyTimeout: 0, connect });
  // A body is passed on as it comes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.all('/*', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const body = headers['content-length'] === undefined ? null : request.raw;
    pool.dispatch(
      { path: request.raw.url ?? '/', method: request.method, headers, body },
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
