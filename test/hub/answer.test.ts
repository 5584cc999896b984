import { once } from 'node:events';
import { createServer, get, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { answerText } from '../../src/hub/answer.ts';

const bodyBytes = 50_000_000;

/** The byte at each place of the body. */
function byteAt(place: number): number {
  return Math.floor(place / 1000) % 251;
}

/** A server whose every answer is 50 MB; `read` counts what was read of the last one. */
async function serve(t: ExecutionContext) {
  const read = { bytes: 0 };
  let left: Promise<unknown> = Promise.resolve();
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    left = once(response, 'close');
    read.bytes = 0;
    const text = {
      bytes: bodyBytes,
      read(block: Buffer): number {
        const length = Math.min(block.length, bodyBytes - read.bytes);
        for (let offset = 0; offset < length; offset += 1) block[offset] = byteAt(read.bytes + offset);
        read.bytes += length;
        return length;
      },
    };
    answerText({ request: incoming, response }, { 'content-type': 'application/json' }, text);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, read, left: () => left };
}

test('a large body arrives whole and in order, however slowly it is taken', async (t) => {
  const { url } = await serve(t);
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
  t.is(response.headers['content-length'], String(bodyBytes));
  let at = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer;
    for (let offset = 0; offset < bytes.length; offset += 500) {
      if (bytes[offset] !== byteAt(at + offset)) t.fail(`wrong byte at ${at + offset}`);
    }
    at += bytes.length;
    if (Math.random() < 0.05) await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(at, bodyBytes);
});

test('what a client has not taken is not read on, and never is when it leaves', async (t) => {
  const { url, read, left } = await serve(t);
  const asked = get(url, { agent: false });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  await once(response, 'readable');
  t.true(read.bytes > 0 && read.bytes < bodyBytes / 2, `${read.bytes} of ${bodyBytes} were read`);
  asked.destroy();
  await left();
  t.true(read.bytes < bodyBytes / 2, `${read.bytes} of ${bodyBytes} were read`);
});

test('HEAD gets the length and no body', async (t) => {
  const { url, read } = await serve(t);
  const [response] = (await once(request(url, { method: 'HEAD', agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  t.is(response.headers['content-length'], String(bodyBytes));
  t.deepEqual(await response.toArray(), []);
  t.is(read.bytes, 0);
});
