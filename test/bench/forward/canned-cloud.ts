// An apiserver that costs nothing: canned bytes, written the way Go's net/http writes them.
import { createServer } from 'node:tls';
import { clusterCertificates } from '../../hub/upstream/support/certificates.ts';

const commonHead = [
  'HTTP/1.1 200 OK',
  'Audit-Id: 0a6f4f9e-8f0a-4f0e-9c0b-6f1f7d1b2c3d',
  'Cache-Control: no-cache, private',
  'Content-Type: application/json',
  'X-Kubernetes-Pf-Flowschema-Uid: 5b0f6f43-0f3c-4d1a-9d5e-0d5f9f7a1b2c',
  'X-Kubernetes-Pf-Prioritylevel-Uid: 6c1f7f54-1f4d-4e2b-8e6f-1e6f0f8b2c3d',
  'Date: Fri, 21 Nov 2025 10:00:00 GMT',
].join('\r\n');

const object = Buffer.from(JSON.stringify({ kind: 'Pod', filling: 'x'.repeat(1270) }));
const small = Buffer.concat([Buffer.from(`${commonHead}\r\nContent-Length: ${object.length}\r\n\r\n`), object]);

// 500 items of 2.3 kB: since 1.33 each is a write of its own, and so a chunk.
const item = Buffer.from(`${JSON.stringify({ metadata: { name: 'p' }, filling: 'y'.repeat(2262) })},`);
const chunk = Buffer.concat([Buffer.from(`${item.length.toString(16)}\r\n`), item, Buffer.from('\r\n')]);
const chunks = Array.from({ length: 500 }, () => chunk);
const list = Buffer.concat([
  Buffer.from(`${commonHead}\r\nTransfer-Encoding: chunked\r\n\r\n`),
  ...chunks,
  Buffer.from('0\r\n\r\n'),
]);

const { ca, server: pair } = clusterCertificates();
const server = createServer({ cert: pair.cert, key: pair.key }, (socket) => {
  let rest = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    rest += data.toString('latin1');
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      const isList = rest.startsWith('GET /api/v1/pods');
      rest = rest.slice(end + 4);
      socket.write(isList ? list : small);
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.send?.({ port: address.port, ca: ca.toString() });
});
