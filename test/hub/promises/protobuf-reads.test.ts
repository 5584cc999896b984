// Clients that take protobuf and nothing plainer, while the cloud is away.
import { once } from 'node:events';
import { get } from 'node:http';
import test from 'ava';
import { decodeProtobuf } from '../../../src/apimachinery/protobuf/decode-protobuf.ts';
import { configMap, startRunningHub } from '../../support/running-hub.ts';

const settings = '/api/v1/namespaces/default/configmaps';
const protobuf = 'application/vnd.kubernetes.protobuf';

interface Item {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly data: object;
}

const essence = ({ metadata: { name, uid, resourceVersion }, data }: Item) => ({ name, uid, resourceVersion, data });

async function read(url: string, bytes: number): Promise<{ type: string | undefined; body: Buffer; status: number }> {
  const request = get(url, { agent: false, headers: { accept: protobuf } });
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
    if (Buffer.concat(chunks).length >= bytes) break;
  }
  request.destroy();
  return { type: response.headers['content-type'], body: Buffer.concat(chunks), status: response.statusCode };
}

test('who takes protobuf alone gets objects, lists and watches in it, with what stands in the JSON', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }));
  await hub.ask(settings);
  await hub.cut();
  const json = (await hub.ask(settings)).json;

  const list = await read(`${hub.url}${settings}`, Number.POSITIVE_INFINITY);
  t.is(list.type, protobuf);
  const { items } = decodeProtobuf(list.body).object as unknown as { items: Item[] };
  t.deepEqual(items.map(essence), json.items.map(essence));

  const one = await read(`${hub.url}${settings}/one`, Number.POSITIVE_INFINITY);
  t.like(decodeProtobuf(one.body).object, { kind: 'ConfigMap', data: { a: '1' } });

  const watch = await read(`${hub.url}${settings}?watch=true&resourceVersion=0`, 5);
  t.is(watch.type, `${protobuf};stream=watch`);
  t.true(watch.body.readUInt32BE(0) <= watch.body.length - 4);
  t.true(watch.body.includes('k8s\0'));

  const table = await read(`${hub.url}/apis/edge.example.com/v1/namespaces/shop/sensors`, Number.POSITIVE_INFINITY);
  t.true([406, 503].includes(table.status), 'a custom kind has no protobuf form');
});
