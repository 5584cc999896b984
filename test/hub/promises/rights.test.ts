// Each way into the store asks for the caller's own right.
import test from 'ava';
import { configMap, startRunningHub } from '../../support/running-hub.ts';

const settings = '/api/v1/namespaces/default/configmaps';
const b = { token: 'token-of-b' };

/** A may read everything; B may read nothing of configmaps. The scope is complete and followed. */
async function hubWithAsScope(): Promise<Awaited<ReturnType<typeof startRunningHub>>> {
  const hub = await startRunningHub({ authorize: (user, info) => user.name !== 'b' || info.resource !== 'configmaps' });
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }));
  await hub.ask(settings, { token: 'token-of-a' });
  await hub.ask(`${settings}/one`, { token: 'token-of-a' });
  await hub.untilFollowed('v1/configmaps');
  return hub;
}

test('B does not join the watch of a scope that A brought, from whatever version', async (t) => {
  const hub = await hubWithAsScope();
  t.teardown(() => hub.stop());
  const { json } = await hub.ask(`${settings}?resourceVersion=0`, { token: 'token-of-a' });
  const version: string = json.metadata.resourceVersion;
  const queries = ['resourceVersion=0', `resourceVersion=${version}`, ''];
  for (const query of queries) {
    const watch = await hub.watch(`${settings}?watch=true&${query}`, b);
    t.is(watch.status, 403, query);
    watch.leave();
  }
  await hub.cut();
  for (const query of queries) t.is((await hub.watch(`${settings}?watch=true&${query}`, b)).status, 503, query);
});

test('B does not get an object of a scope that A brought', async (t) => {
  const hub = await hubWithAsScope();
  t.teardown(() => hub.stop());
  t.is((await hub.ask(`${settings}/one?resourceVersion=0`, b)).status, 403);
  await hub.cut();
  t.is((await hub.ask(`${settings}/one`, b)).status, 503);
  t.is((await hub.ask(`${settings}/one?resourceVersion=0`, b)).status, 503);
  t.is((await hub.ask(`${settings}/absent`, b)).status, 503, 'not even that it is absent');
});

test('an object that the cloud has refused or denied since is not told from memory', async (t) => {
  let mayRead = true;
  const hub = await startRunningHub({ authorize: (user) => user.name !== 'a' || mayRead });
  t.teardown(() => hub.stop());
  for (const name of ['refused', 'gone']) {
    await hub.inCloud('POST', settings, configMap(name));
    t.is((await hub.ask(`${settings}/${name}`, { token: 'token-of-a' })).status, 200);
  }
  await hub.inCloud('DELETE', `${settings}/gone`);
  t.is((await hub.ask(`${settings}/gone`, { token: 'token-of-a' })).status, 404);
  mayRead = false;
  t.is((await hub.ask(`${settings}/refused`, { token: 'token-of-a' })).status, 403);
  await hub.cut();
  t.is((await hub.ask(`${settings}/refused`, { token: 'token-of-a' })).status, 503);
  t.is((await hub.ask(`${settings}/gone`, { token: 'token-of-a' })).status, 503);
});

test('a write whose answer was lost is 504 that says the outcome is unknown', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  hub.cloud.faults.add({ action: { kind: 'reset' }, matches: ({ verb }) => verb === 'create', times: 1 });
  const answer = await hub.ask(settings, { method: 'POST', body: configMap('lost') });
  t.is(answer.status, 504);
  t.regex(answer.json.message, /outcome is unknown/);
});
