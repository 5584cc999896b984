// Writes a Status where the usual response object is not in play: on a fresh response, or on the bare socket of a
// connection that is given up or was to be upgraded. Always JSON, which every client takes.
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../apimachinery/clock.ts';
import type { Status } from '../../apimachinery/status.ts';

/** Answers and ends the connection after it. */
export function answerWithStatus(response: ServerResponse, status: Status): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(status);
  response.writeHead(status.code, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-cache, private',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  });
  response.end(body);
}

const lingerMs = 1000;

/** Writes a whole response and closes. The peer gets a second to read it, then the socket is gone. */
export function refuseOnSocket(socket: Duplex, status: Status, clock: Clock): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(status);
  const head = [
    `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? 'Error'}`,
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: application/json',
    'Cache-Control: no-cache, private',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Bytes that are still coming in are read and dropped: unread ones would turn the close into a reset, and the reset
  // can overtake the answer.
  socket.resume();
  const timer = clock.setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => timer.cancel());
}
