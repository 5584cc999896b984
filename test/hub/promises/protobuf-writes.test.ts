// Writers that take protobuf and nothing plainer, while the cloud is away.
import test from 'ava';
import { configMap, startRunningHub } from '../../support/running-hub.ts';

const protobuf = { accept: 'application/vnd.kubernetes.protobuf' };
const sensors = '/apis/edge.example.com/v1/namespaces/default/sensors';
const maps = '/api/v1/namespaces/default/configmaps';

test('a write whose answer has no protobuf form is 406 to who takes nothing else, and nothing of it is kept', async (t) => {
  const rules = ['configmaps', 'edge.example.com/sensors'].flatMap((rule) => ['--offline-writes', rule]);
  const hub = await startRunningHub({}, rules);
  t.teardown(() => hub.stop());
  const sensor = (name: string) => ({
    apiVersion: 'edge.example.com/v1',
    kind: 'Sensor',
    metadata: { name, namespace: 'default' },
    spec: {},
  });
  await hub.ask('/apis/edge.example.com/v1');
  t.is((await hub.ask(sensors, { method: 'POST', body: sensor('online') })).status, 201);
  t.is((await hub.ask(maps, { method: 'POST', body: configMap('online', {}) })).status, 201);
  for (const path of [sensors, maps]) await hub.ask(path);
  for (const gvr of ['edge.example.com/v1/sensors', 'v1/configmaps']) await hub.untilFollowed(gvr);
  await hub.cut();

  const refused = await hub.ask(sensors, { method: 'POST', body: sensor('one'), headers: protobuf });
  t.is(refused.status, 406, refused.text);
  t.is((await hub.ask(`${sensors}/one`)).status, 404);
  const kept = await hub.ask(sensors, { method: 'POST', body: sensor('one') });
  t.is(kept.status, 201, kept.text);
  const builtIn = await hub.ask(maps, { method: 'POST', body: configMap('one', {}), headers: protobuf });
  t.is(builtIn.status, 201, builtIn.text);
  t.is(builtIn.headers['content-type'], protobuf.accept);
});
