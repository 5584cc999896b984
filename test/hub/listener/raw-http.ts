// Speaks HTTP byte by byte, so that tests can say what no client library would.
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import type { Status } from '../../../src/apimachinery/status.ts';
import {
  type ApiListener,
  type ApiListenerOptions,
  createApiListener,
} from '../../../src/hub/listener/api-listener.ts';

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as the Status it must be. */
  status(): Status;
}

/** Sends the bytes (one write each) and resolves with everything that came back until the peer closed. */
export async function exchange(port: number, ...writes: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const received = untilClosed(socket);
  for (const bytes of writes) socket.write(bytes);
  return received;
}

export async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  // A reset after the answer is a close too; what counts is what arrived.
  socket.on('error', () => socket.destroy());
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

export function parseAnswer(text: string): Answer {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { code: Number(statusLine.split(' ')[1]), headers, body, status: () => JSON.parse(body) as Status };
}

export async function ask(port: number, ...writes: readonly (string | Buffer)[]): Promise<Answer> {
  return parseAnswer(await exchange(port, ...writes));
}

export const silent = { debug() {}, warn() {}, error() {} };

/** A plain listener on a free port that answers `METHOD url body-length`, unless the test says otherwise. */
export function openListener(o: Partial<ApiListenerOptions> = {}): Promise<ApiListener> {
  return createApiListener({
    clock: systemClock,
    kind: 'loopback',
    host: '127.0.0.1',
    port: 0,
    flag: '--insecure-loopback',
    log: silent,
    handle(request, response) {
      let length = 0;
      request.on('data', (bytes) => {
        length += bytes.length;
      });
      request.on('end', () => response.end(`${request.method} ${request.url} ${length}`));
    },
    upgrade: (_request, socket) => socket.destroy(),
    ...o,
  });
}
