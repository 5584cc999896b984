// A cloud behind TLS that notes with which certificate and on which connection each request came.
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { ExecutionContext } from 'ava';
import type { ClusterCertificates } from './certificates.ts';
import { portOf } from './fixtures.ts';

export interface SeenRequest {
  readonly path: string;
  /** Common name of the client certificate; '' without one. */
  readonly user: string;
  readonly authorization: string | undefined;
  readonly connection: number;
  readonly isResumed: boolean;
}

export interface TlsCloud {
  readonly port: number;
  readonly server: Server;
  readonly seen: SeenRequest[];
}

export async function tlsCloud(
  t: ExecutionContext,
  certificates: ClusterCertificates,
  listener: RequestListener = (_request, response) => response.end('ok'),
  pair = certificates.server,
): Promise<TlsCloud> {
  const seen: SeenRequest[] = [];
  const connections = new Map<unknown, number>();
  const server = createServer(
    { ...pair, ca: certificates.ca, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      if (!connections.has(socket)) connections.set(socket, connections.size + 1);
      const certificate = socket.getPeerCertificate();
      seen.push({
        path: request.url ?? '',
        user: socket.authorized ? String(certificate.subject.CN) : '',
        authorization: request.headers.authorization,
        connection: connections.get(socket)!,
        isResumed: socket.isSessionReused(),
      });
      listener(request, response);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: portOf(server), server, seen };
}
