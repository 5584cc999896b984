// Upgraded connections to a pod (exec, attach, portforward): the server switches protocols as asked and sends back every
// byte. No shell runs; it is what tunnels are tried with.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseRequestInfo } from '../apimachinery/request-info.ts';
import { forbidden, pathNotFound, type Status } from '../apimachinery/status.ts';
import { type AuthenticationOptions, authenticate } from './authentication.ts';
import type { Serving } from './call.ts';
import { encodeJson } from './document.ts';
import { definitionOfKey } from './resource-definitions.ts';

const echoing: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);

/** Throws what a plain request would: Unauthorized, Forbidden, NotFound. */
export function checkUpgrade(request: IncomingMessage, authentication: AuthenticationOptions, serving: Serving): void {
  const info = parseRequestInfo(request.method ?? '', request.url ?? '');
  const user = authenticate(request, authentication);
  if (info.gvr === undefined || info.resource !== 'pods' || !echoing.has(info.subresource)) throw pathNotFound();
  if (!serving.authorize(user, info))
    throw forbidden(info.gvr, info.name, `User "${user.name}" cannot ${info.verb} it`);
  serving.store.get(definitionOfKey('v1/pods'), info.namespace, info.name);
}

/** Answers 101 with the protocol asked for; ends its side when the client has ended its own. */
export function echo(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    `Upgrade: ${request.headers.upgrade ?? ''}`,
  ];
  const offered = request.headers['x-stream-protocol-version'];
  if (typeof offered === 'string') lines.push(`X-Stream-Protocol-Version: ${offered.split(',')[0]}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
}

export function refuseUpgrade(socket: Duplex, status: Status): void {
  const body = encodeJson(status);
  const lines = [
    `HTTP/1.1 ${status.code} ${status.reason}`,
    'Content-Type: application/json',
    'Connection: close',
    `Content-Length: ${body.length}`,
  ];
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
}
