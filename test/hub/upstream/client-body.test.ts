import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import test from 'ava';
import { ClientBody } from '../../../src/hub/upstream/client-body.ts';
import { ExchangeEndedError } from '../../../src/hub/upstream/errors.ts';
import { cloud, portOf, readAll } from './support/fixtures.ts';

async function requestOf(t: Parameters<typeof cloud>[0], text: string) {
  const server = await cloud(t, () => {});
  const arrived = once(server, 'request') as Promise<[IncomingMessage]>;
  const client = connect(portOf(server), '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write(text);
  const [request] = await arrived;
  return { request, client };
}

test('nothing is read before somebody sends it', async (t) => {
  const { request } = await requestOf(t, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc');
  const body = new ClientBody(request);
  await new Promise(setImmediate);
  t.is(request.readableFlowing, null);
  t.is(await readAll(body), 'abc');
});

test('a body that the client cuts fails as such, whether somebody reads at that moment or later', async (t) => {
  for (const readsBefore of [true, false]) {
    const { request, client } = await requestOf(t, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nabc');
    const body = new ClientBody(request);
    if (readsBefore)
      await once(
        body.on('error', () => {}),
        'readable',
      );
    const closed = new Promise((resolve) => request.on('close', resolve));
    client.destroy();
    await closed;
    const error = readsBefore ? body.errored : await readAll(body).catch((reason: unknown) => reason);
    t.true(error instanceof ExchangeEndedError);
    t.is((error as ExchangeEndedError).reason, 'body-cut');
  }
});
