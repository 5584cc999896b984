// One unary gRPC call over a Unix socket: HTTP/2 with a length before the message, and the outcome in the trailers.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
//
// Promise: resolves only with a whole message that the server has vouched for (grpc-status 0); whatever else happens, and
// when the signal aborts, it rejects and nothing stays open.
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { CriError } from './cri-error.ts';

export interface UnaryCall {
  /** Path of the Unix socket. */
  readonly socket: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly message: Buffer;
  readonly signal: AbortSignal;
}

const prefixBytes = 5;
const longestAnswerBytes = 16 * 1024 * 1024;

/** @throws CriError; the signal's reason when it aborts */
export async function unaryCall({ socket, path, message, signal }: UnaryCall): Promise<Buffer> {
  signal.throwIfAborted();
  const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const fail = (cause: unknown): void =>
    reject(new CriError(`the container runtime at ${socket} did not answer: ${(cause as Error).message}`, { cause }));
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  session.on('error', fail);
  session.once('close', () => fail(new Error('the connection was closed')));
  const request = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let outcome: IncomingHttpHeaders = {};
  const note = (headers: IncomingHttpHeaders): void => {
    outcome = { ...outcome, ...headers };
  };
  request.on('response', note).on('trailers', note).on('error', fail);
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > longestAnswerBytes) fail(new Error(`its answer is longer than ${longestAnswerBytes} bytes`));
  });
  request.once('end', () => {
    try {
      resolve(messageIn(Buffer.concat(chunks), outcome));
    } catch (error) {
      fail(error);
    }
  });
  request.end(framed(message));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    session.destroy();
  }
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function messageIn(body: Buffer, outcome: IncomingHttpHeaders): Buffer {
  const { ':status': httpStatus, 'grpc-status': status, 'grpc-message': words = '' } = outcome;
  if (Number(httpStatus) !== 200) throw new Error(`HTTP status ${httpStatus}`);
  if (status !== '0')
    throw new Error(status === undefined ? 'the answer has no end' : `grpc-status ${status} ${words}`);
  if (body.length < prefixBytes) throw new Error('the answer has no message');
  if (body[0] !== 0) throw new Error('the message is compressed');
  if (body.readUInt32BE(1) !== body.length - prefixBytes) throw new Error('the message is not whole');
  return body.subarray(prefixBytes);
}
