// A way into a network that has no other: run inside it, takes connections on a Unix socket, which every network of the
// machine can reach by its path, and brings them to 127.0.0.1.
//
//   node door.ts SOCKET PORT
import { connect, createServer } from 'node:net';

const [socketPath, port] = process.argv.slice(2);
const server = createServer({ allowHalfOpen: true }, (outer) => {
  const inner = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true });
  outer.pipe(inner).pipe(outer);
  for (const [one, other] of [
    [outer, inner],
    [inner, outer],
  ] as const) {
    one.on('error', () => other.destroy()).on('close', () => other.destroy());
  }
});
server.listen(socketPath);
