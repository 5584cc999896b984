import { once } from 'node:events';
import { createServer, get, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { answerBlocks } from '../../src/hub/answer.ts';

const blockBytes = 64 * 1024;
const blockCount = 800;

/** A server whose every answer is 50 MB in blocks; `made` counts those of the last answer. */
async function serve(t: ExecutionContext) {
  const made = { blocks: 0 };
  function* blocks(): Generator<Buffer> {
    for (made.blocks = 0; made.blocks < blockCount; made.blocks += 1) yield Buffer.alloc(blockBytes, made.blocks % 251);
  }
  let left: Promise<unknown> = Promise.resolve();
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    left = once(response, 'close');
    const text = { bytes: blockBytes * blockCount, blocks: blocks() };
    answerBlocks({ request: incoming, response }, { 'content-type': 'application/json' }, text);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, made, left: () => left };
}

test('a large body arrives whole and in order, block by block', async (t) => {
  const { url } = await serve(t);
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
  t.is(response.headers['content-length'], String(blockBytes * blockCount));
  let at = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer;
    for (const offset of [0, bytes.length - 1]) {
      if (bytes[offset] !== Math.floor((at + offset) / blockBytes) % 251) t.fail(`wrong byte at ${at + offset}`);
    }
    at += bytes.length;
  }
  t.is(at, blockBytes * blockCount);
});

test('what a client has not read yet is not made, and never is when it leaves', async (t) => {
  const { url, made, left } = await serve(t);
  const asked = get(url, { agent: false });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  await once(response, 'readable');
  t.true(made.blocks > 0 && made.blocks < blockCount / 2, `${made.blocks} blocks of ${blockCount} were made`);
  asked.destroy();
  await left();
  t.true(made.blocks < blockCount / 2, `${made.blocks} blocks of ${blockCount} were made`);
});

test('HEAD gets the length and no body', async (t) => {
  const { url, made } = await serve(t);
  const [response] = (await once(request(url, { method: 'HEAD', agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  t.is(response.headers['content-length'], String(blockBytes * blockCount));
  t.deepEqual(await response.toArray(), []);
  t.is(made.blocks, 0);
});
