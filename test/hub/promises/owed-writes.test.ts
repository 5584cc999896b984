// While the cloud is back but has not heard of everything, what is owed goes first.
import test from 'ava';
import { startRunningHub } from '../../support/running-hub.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

test('an object that is made anew goes behind its own deletion, which the cloud has not heard of', async (t) => {
  const hub = await startRunningHub({}, ['--offline-writes', 'configmaps', '--replay-jitter', '10m']);
  t.teardown(() => hub.stop());
  const { json: first } = await hub.ask(maps, { method: 'POST', body: configMap('web', { a: '1' }) });
  t.is((await hub.ask(`${maps}/web`, { method: 'DELETE' })).status, 200);
  await hub.ask(maps, { method: 'POST', body: configMap('web', { a: '2' }) });
  await hub.ask(maps);
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  const deleted = await hub.ask(`${maps}/web`, { method: 'DELETE' });
  t.is(deleted.status, 200, deleted.text);
  await hub.heal();

  const made = await hub.ask(maps, { method: 'POST', body: configMap('web', { a: '3' }) });
  t.is(made.status, 201, made.text);
  t.is(made.headers['x-holdfast-source'], 'outbox');
  t.not(made.json.metadata.uid, first.metadata.uid);
  t.deepEqual((await hub.ask(`${maps}/web`)).json.data, { a: '3' });
  t.deepEqual((await hub.inCloud('GET', `${maps}/web`)).json.data, { a: '2' }, 'it has gone past what is owed');

  const other = await hub.ask(maps, { method: 'POST', body: configMap('other', { a: '1' }) });
  t.is(other.status, 201, other.text);
  t.is(other.headers['x-holdfast-source'], undefined, 'nothing is owed of this one');
});
