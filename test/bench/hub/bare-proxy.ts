// The least that a proxy on the same libraries can do: fastify with hijacked replies, undici's dispatch, nothing else.
// A process of its own: node bare-proxy.ts URL CA CERT KEY; prints its port.
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { bareForward } from '../bare-forward.ts';

const [url = '', caFile = '', certFile = '', keyFile = ''] = process.argv.slice(2);
const connect = { ca: readFileSync(caFile), cert: readFileSync(certFile), key: readFileSync(keyFile) };
const app = fastify({ requestTimeout: 0 });
bareForward(app, url, connect);
const address = await app.listen({ port: 0, host: '127.0.0.1' });
console.log(new URL(address).port);
