// The least that a server in Node can do to acknowledge a write for good: read it, append it to a file, sync what has come
// meanwhile with one fdatasync, answer with as many bytes as the hub does. Judges nothing, merges nothing, shows nothing.
// A process of its own: node bare-sink.ts FILE ANSWER-BYTES; prints its port.
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const [path = '', answerBytes = '1000'] = process.argv.slice(2);
const file = await open(path, 'a');
const answer = Buffer.alloc(Number(answerBytes), 'x');
let waiting: { body: Buffer; response: ServerResponse }[] = [];
let isSyncing = false;

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  waiting.push({ body: Buffer.concat(chunks), response });
  if (isSyncing) return;
  isSyncing = true;
  while (waiting.length > 0) {
    const group = waiting;
    waiting = [];
    await file.write(Buffer.concat(group.map(({ body }) => body)));
    await file.datasync();
    for (const { response: one } of group) {
      one.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      one.end(answer);
    }
  }
  isSyncing = false;
}

const server = createServer((request, response) => {
  take(request, response).catch((error: Error) => response.destroy(error));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
