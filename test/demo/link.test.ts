import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { type Link, startLink } from '../../src/demo/link.ts';
import { startLinkControl } from '../../src/demo/link-control.ts';
import { ask, until, watch } from '../support/demo-client.ts';
import { startTestedControlPlane, type TestedControlPlane } from '../support/demo-control-plane.ts';

interface Linked extends TestedControlPlane {
  readonly link: Link;
  /** URL of the config maps over the link. */
  readonly over: string;
}

async function linked(t: ExecutionContext): Promise<Linked> {
  const tested = await startTestedControlPlane(t);
  const link = await startLink({ target: { host: '127.0.0.1', port: tested.plane.port } });
  t.teardown(() => link.close());
  return { ...tested, link, over: `http://127.0.0.1:${link.port}/api/v1/namespaces/test/configmaps` };
}

test('a swallowing link lets nothing through, and delivers it when it is healed', async (t) => {
  const { link, over, plane, putConfigMap } = await linked(t);
  const stream = await watch(`${over}?watch=true&resourceVersion=${plane.store.revision}`);
  await link.setMode('swallow');
  const asked = plane.requests.length;
  const carried = link.carriedBytes;
  const held = ask(over);
  putConfigMap('a');
  const { at } = await startTestedControlPlane(t);
  for (let count = 0; count < 20; count += 1) await ask(at('/configmaps')); // time enough for a byte to get through
  t.deepEqual([plane.requests.length, link.carriedBytes], [asked, carried]);
  await link.setMode('pass');
  t.is((await held).body.items.length, 1);
  t.is((await stream.next())?.object.metadata.name, 'a');
});

test('a refusing link resets what is open and refuses what is new; healed, it is on the same port', async (t) => {
  const { link, over, plane } = await linked(t);
  const stream = await watch(`${over}?watch=true&resourceVersion=${plane.store.revision}`);
  await link.setMode('refuse');
  await t.throwsAsync(stream.next(), { code: 'ECONNRESET' });
  await t.throwsAsync(ask(over), { code: 'ECONNREFUSED' });
  await link.setMode('pass');
  t.is((await ask(over)).status, 200);
});

test('each mode can follow each other mode', async (t) => {
  const { link, over } = await linked(t);
  const modes = ['pass', 'refuse', 'swallow'] as const;
  for (const from of modes) {
    for (const to of modes) {
      await link.setMode(from);
      await link.setMode(to);
      t.is(link.mode, to);
      if (to === 'refuse') await t.throwsAsync(ask(over), { code: 'ECONNREFUSED' });
      await link.setMode('pass');
      t.is((await ask(over)).status, 200, `${from}, ${to}, pass`);
    }
  }
});

test('half-closed connections stay half-open through the link', async (t) => {
  const { link, put } = await linked(t);
  put('v1/pods', { metadata: { name: 'p' }, spec: { containers: [] } });
  const socket: Socket = connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(
    'GET /api/v1/namespaces/test/pods/p/attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  );
  await once(socket, 'data');
  const text = 'z'.repeat(2_000_000);
  socket.end(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  t.is(Buffer.concat(chunks).length, text.length);
});

test('when the cloud is not there, the link passes that on as a reset', async (t) => {
  const { link, over, plane } = await linked(t);
  await plane.faults.setConnections('refuse');
  await t.throwsAsync(ask(over), { code: 'ECONNRESET' });
  await plane.faults.setConnections('accept');
  t.is((await ask(over)).status, 200);
  t.is(link.mode, 'pass');
});

test('the link is cut and healed from a terminal, and says how it is', async (t) => {
  const { link } = await linked(t);
  const control = await startLinkControl(link);
  t.teardown(() => control.close());
  const post = async (path: string) => (await ask(control.url + path, { method: 'POST' })).status;
  t.is(await post('/cut'), 200);
  t.is(link.mode, 'swallow');
  t.is(await post('/cut?how=refuse'), 200);
  t.is(link.mode, 'refuse');
  t.regex((await ask(control.url)).body, /refuses connections/);
  t.is(await post('/heal'), 200);
  t.is(link.mode, 'pass');
  t.deepEqual(
    [await post('/cut?how=gently'), await post('/bend'), (await ask(`${control.url}/cut`)).status],
    [400, 404, 405],
  );
  await until(() => link.mode === 'pass');
});
