// A read that asks for the most recent state gets it, however the hub answers.
import test from 'ava';
import type { ControlPlaneOptions } from '../../../src/demo/control-plane.ts';
import { configMap, eventually, startRunningHub } from '../../support/running-hub.ts';

const settings = '/api/v1/namespaces/default/configmaps';
const namesOf = (list: { items: { metadata: { name: string } }[] }): string[] =>
  list.items.map(({ metadata }) => metadata.name);

test('a list without a version shows what was written past the hub a moment ago', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  for (let index = 0; index < 20; index++) {
    await hub.inCloud('POST', settings, configMap(`written-${index}`));
    const { json } = await hub.ask(settings);
    t.true(namesOf(json).includes(`written-${index}`));
  }
});

test('a WatchList without a version shows what was written past the hub a moment ago', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  for (let index = 0; index < 10; index++) {
    await hub.inCloud('POST', settings, configMap(`written-${index}`));
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const watch = await hub.watch(`${settings}?${query}`);
    const end = await watch.until(({ type }) => type === 'BOOKMARK');
    const initial = watch.events.slice(0, watch.events.indexOf(end));
    t.true(initial.some(({ object }) => object.metadata.name === `written-${index}`));
    watch.leave();
  }
});

test('the pages that a client asks for are the pages it gets', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  for (const name of ['a', 'b', 'c']) await hub.inCloud('POST', settings, configMap(name));
  const first = await hub.ask(`${settings}?limit=2`);
  t.deepEqual(namesOf(first.json), ['a', 'b']);
  const rest = await hub.ask(`${settings}?limit=2&continue=${encodeURIComponent(first.json.metadata.continue)}`);
  t.deepEqual(namesOf(rest.json), ['c']);
});

test('versions do not go back along a watch, over a restart of the hub, or from watch to watch', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  let last = 0;
  const follow = async (query: string, news: string): Promise<void> => {
    const watch = await hub.watch(`${settings}?watch=true&allowWatchBookmarks=true&${query}`);
    t.is(watch.status, 200);
    await hub.inCloud('POST', settings, configMap(news));
    await watch.until(({ object }) => object.metadata.name === news);
    for (const { object } of watch.events) {
      const version = Number(object.metadata.resourceVersion);
      t.true(version >= last);
      last = version;
    }
    watch.leave();
  };
  await follow('resourceVersion=0', 'first');
  await follow(`resourceVersion=${last}`, 'second');
  await hub.restart();
  await hub.untilLink('online');
  await follow(`resourceVersion=${last}`, 'third');
});

test('a right that the cloud takes back ends here too', async (t) => {
  let mayRead = true;
  const hub = await startRunningHub({ authorize: (user) => user.name !== 'a' || mayRead });
  t.teardown(() => hub.stop());
  await hub.ask(settings, { token: 'token-of-a' });
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  t.is((await hub.ask(`${settings}?resourceVersion=0`, { token: 'token-of-a' })).headers['x-holdfast-source'], 'cache');
  mayRead = false;
  t.is((await hub.ask(settings, { token: 'token-of-a' })).status, 403);
  t.is((await hub.ask(`${settings}?resourceVersion=0`, { token: 'token-of-a' })).status, 403);
  await hub.cut();
  t.is((await hub.ask(settings, { token: 'token-of-a' })).status, 503);
  await eventually(async () => (await hub.ask(settings)).status === 200);
});

test('a right that was revoked while nobody heard a refusal ends within the time after which rights are asked about', async (t) => {
  let mayRead = true;
  const authorize: ControlPlaneOptions['authorize'] = (user) => user.name !== 'a' || mayRead;
  const hub = await startRunningHub({ authorize }, ['--right-check', '1s']);
  t.teardown(() => hub.stop());
  const a = { token: 'token-of-a' };
  await hub.inCloud('POST', settings, configMap('one'));
  await hub.ask(settings);
  await hub.ask(settings, a);
  await hub.untilFollowed('v1/configmaps');
  const running = await hub.watch(`${settings}?watch=true&resourceVersion=0`, a);
  t.is((await hub.ask(`${settings}?resourceVersion=0`, a)).headers['x-holdfast-source'], 'cache');
  mayRead = false;
  await eventually(async () => (await hub.ask(`${settings}?resourceVersion=0`, a)).status === 403);
  t.is((await hub.ask(`${settings}/one?resourceVersion=0`, a)).status, 403);
  t.is((await hub.watch(`${settings}?watch=true&resourceVersion=0`, a)).status, 403);
  await hub.inCloud('POST', settings, configMap('two'));
  await running.until(({ object }) => object.metadata.name === 'two');
  running.leave();
  await hub.cut();
  t.is((await hub.ask(settings, a)).status, 503);
});

test('who may list but not watch keeps the right when it is asked about', async (t) => {
  const authorize: ControlPlaneOptions['authorize'] = (user, info) => user.name !== 'a' || info.verb !== 'watch';
  const hub = await startRunningHub({ authorize }, ['--right-check', '1s']);
  t.teardown(() => hub.stop());
  const a = { token: 'token-of-a' };
  await hub.ask(settings);
  await hub.ask(settings, a);
  await hub.untilFollowed('v1/configmaps');
  const before = hub.cloud.requests.length;
  const hasAsked = (): boolean =>
    hub.cloud.requests.slice(before).some(({ url }) => url.startsWith(settings) && url.includes('limit=1'));
  await eventually(async () => {
    const { headers } = await hub.ask(`${settings}?resourceVersion=0`, a);
    return headers['x-holdfast-source'] === 'cache' && hasAsked();
  });
  await hub.cut();
  t.is((await hub.ask(settings, a)).status, 200);
});
