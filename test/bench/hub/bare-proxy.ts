// The least that a proxy on the same libraries can do: fastify with hijacked replies, undici's dispatch, nothing else.
// A process of its own: node bare-proxy.ts URL CA CERT KEY; prints its port.
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { Pool } from 'undici';

const [url = '', caFile = '', certFile = '', keyFile = ''] = process.argv.slice(2);
const connect = { ca: readFileSync(caFile), cert: readFileSync(certFile), key: readFileSync(keyFile) };
const pool = new Pool(url, { allowH2: false, connections: null, headersTimeout: 0, bodyTimeout: 0, connect });
const app = fastify({ requestTimeout: 0 });
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
const address = await app.listen({ port: 0, host: '127.0.0.1' });
console.log(new URL(address).port);
