// A container runtime that only lists sandboxes, and does so wrongly when told to.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeRuntime {
  readonly socket: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
  sandboxes: readonly string[];
  /** In the place of the list. */
  answer: ((stream: ServerHttp2Stream) => void) | undefined;
  /** Of those that are open now. */
  readonly sessions: number;
  stop(): Promise<void>;
}

export async function startFakeRuntime(): Promise<FakeRuntime> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-cri-'));
  const socket = join(directory, 'cri.sock');
  const sessions = new Set<ServerHttp2Session>();
  const asked: string[] = [];
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => {}); // the client has left
  });
  server.on('stream', (stream, headers) => {
    asked.push(String(headers[':path']));
    stream.on('error', () => {}); // the client has left
    if (runtime.answer === undefined) answerWith(stream, listOf(runtime.sandboxes));
    else runtime.answer(stream);
  });
  server.listen(socket);
  await once(server, 'listening');
  const runtime: FakeRuntime = {
    socket,
    asked,
    sandboxes: [],
    answer: undefined,
    get sessions() {
      return sessions.size;
    },
    async stop() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
      await rm(directory, { recursive: true, force: true });
    },
  };
  return runtime;
}

export function answerWith(stream: ServerHttp2Stream, message: Buffer, status = '0', prefix?: Buffer): void {
  const length = Buffer.alloc(5);
  length.writeUInt32BE(message.length, 1);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'so it is' }));
  stream.end(Buffer.concat([prefix ?? length, message]));
}

/** With fields of other kinds among them, as a real one has. */
export function listOf(ids: readonly string[]): Buffer {
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const notReady = Buffer.from([(3 << 3) | 0, 1]);
  const createdAt = Buffer.from([(4 << 3) | 0, 0x80, 0x80, 0x80, 0x80, 0x10]);
  return Buffer.concat(
    ids.map((id) =>
      field(1, Buffer.concat([field(1, Buffer.from(id)), field(2, Buffer.from([10, 1, 97])), notReady, createdAt])),
    ),
  );
}
