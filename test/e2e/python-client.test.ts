// The Python client of the Kubernetes project, as its users use it, through the hub.

import { eventually } from './eventually.ts';
import { startLab } from './lab.ts';
import { test } from './one-by-one.ts';
import { startPythonClient } from './python-client.ts';

test('the Python client reads, writes and watches through the hub, and its watch lives through a cut', async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes and installs the client');
  const lab = await startLab();
  t.teardown(() => lab.stop());
  const token = await lab.account('default', 'writer', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }]);
  const python = await startPythonClient(lab.kubeconfig({ token }), 'default');
  t.teardown(() => python.stop());

  // Link up.
  t.regex(String((await python.call('strict')).answer), /^TLSv1\.[23]$/);
  for (const name of ['one', 'two', 'three']) {
    t.like(await python.call('create', name), { answer: { name } });
    await python.heard(`${name} is made`, (event) => event.event === 'ADDED' && event.name === name);
  }
  t.like(await python.call('create', 'one'), { status: 409, body: { reason: 'AlreadyExists' } });
  t.like(await python.call('patch', 'one', { a: '1' }), { answer: { data: { a: '1' } } });
  await python.heard('the patch', ({ event, data }) => event === 'MODIFIED' && data?.a === '1');
  t.like(await python.call('replace', 'two', { b: '2' }), { answer: { data: { b: '2' } } });
  t.deepEqual((await python.call('apply', 'applied', { c: '3' })).answer, { c: '3' });
  t.deepEqual(await python.call('delete', 'three'), { answer: 'gone' });
  await python.heard('the end of it', ({ event, name }) => event === 'DELETED' && name === 'three');
  t.like(await python.call('read', 'three'), { status: 404, body: { reason: 'NotFound' } });
  t.deepEqual((await python.call('list selected', 'nobody=has-it')).answer, []);
  const direct = await lab.plane.admin.expect('GET', '/api/v1/namespaces/default/configmaps');
  const names: string[] = direct.items.map((one: { metadata: { name: string } }) => one.metadata.name);
  t.deepEqual((await python.call('list pages', 2)).answer, [names.slice(0, 2), names.slice(2)]);
  const before = (await python.call('list')).answer;
  await lab.followed('v1/configmaps', { namespace: 'default', labelSelector: '' });

  // Link cut.
  await lab.cut('refuse');
  t.deepEqual((await python.call('list')).answer, before);
  t.like(await python.call('read', 'one'), { answer: { data: { a: '1' } } });
  t.like(await python.call('read', 'three'), { status: 404 }, 'a complete scope knows that it is absent');
  for (const write of [
    ['create', 'new'],
    ['patch', 'one', { a: '2' }],
    ['delete', 'two'],
  ]) {
    const refused = await python.call(...write);
    t.is(refused.status, 503);
    t.regex(refused.body?.message ?? '', /the cloud is not reachable/);
  }
  await lab.plane.admin.expect('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'meanwhile' } });
  await lab.plane.admin.expect('DELETE', '/api/v1/namespaces/default/configmaps/two');

  // Link back.
  await lab.heal();
  await python.heard('what was made meanwhile', ({ event, name }) => event === 'ADDED' && name === 'meanwhile');
  await python.heard('what went meanwhile', ({ event, name }) => event === 'DELETED' && name === 'two');
  t.like(await python.call('patch', 'one', { a: '3' }), { answer: { data: { a: '3' } } });
  await python.heard('the patch after it', ({ event, data }) => event === 'MODIFIED' && data?.a === '3');
  await eventually('all is heard', () => python.events.length >= 9);
  t.deepEqual(
    python.events.filter(({ event }) => event !== 'ADDED').map(({ event, name }) => `${event} ${name}`),
    ['MODIFIED one', 'MODIFIED two', 'DELETED three', 'DELETED two', 'MODIFIED one'],
    'nothing is said twice, nothing is said to be gone that is not',
  );
});
