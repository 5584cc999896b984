// What is lent and what is proven while the store answers: nobody's credential asks for more than its owner was let in to,
// and no version is answered that is not reached.
import test from 'ava';
import type { ControlPlaneOptions } from '../../../src/demo/control-plane.ts';
import { configMap, eventually, startRunningHub } from '../../support/running-hub.ts';

const everywhere = '/api/v1/configmaps';
const settings = '/api/v1/namespaces/default/configmaps';
const a = { token: 'token-of-a' };
const b = { token: 'token-of-b' };

/** A brought all ConfigMaps; B may read those of one namespace. `asked` = who asked the cloud for all of them. */
async function hubWithPart() {
  const asked: string[] = [];
  const authorize: ControlPlaneOptions['authorize'] = (user, info) => {
    const isAll = info.resource === 'configmaps' && info.namespace === '';
    if (isAll) asked.push(user.name);
    return user.name !== 'b' || !isAll;
  };
  const hub = await startRunningHub({ authorize });
  await hub.inCloud('POST', settings, configMap('one'));
  await hub.ask(everywhere, a);
  await hub.untilFollowed('v1/configmaps');
  await hub.ask(settings, b);
  return { hub, asked };
}

/** The upstream watch is opened anew, with whatever credential there is. */
async function askedAnew({ hub, asked }: Awaited<ReturnType<typeof hubWithPart>>): Promise<readonly string[]> {
  const before = asked.length;
  hub.cloud.faults.endWatches();
  await eventually(() => asked.length > before);
  await hub.untilFollowed('v1/configmaps');
  return asked.slice(before);
}

test('who may read a part and lists it does not lend a credential for the whole', async (t) => {
  const stage = await hubWithPart();
  t.teardown(() => stage.hub.stop());
  t.is((await stage.hub.ask(`${settings}?resourceVersion=0`, b)).headers['x-holdfast-source'], 'cache');
  t.deepEqual([...new Set(await askedAnew(stage))], ['a']);
});

test('who may read a part and watches it does not lend a credential for the whole', async (t) => {
  const stage = await hubWithPart();
  t.teardown(() => stage.hub.stop());
  const watch = await stage.hub.watch(`${settings}?watch=true&resourceVersion=0`, b);
  await watch.until(({ type }) => type === 'ADDED');
  t.deepEqual([...new Set(await askedAnew(stage))], ['a']);
  watch.leave();
});

test('who may read a part and reads it offline does not lend a credential for the whole', async (t) => {
  const stage = await hubWithPart();
  t.teardown(() => stage.hub.stop());
  await stage.hub.cut();
  t.is((await stage.hub.ask(settings, b)).status, 200);
  const before = stage.asked.length;
  await stage.hub.heal();
  await stage.hub.untilFollowed('v1/configmaps');
  t.deepEqual([...new Set(stage.asked.slice(before))], ['a']);
});

test('a version that the store has not reached is the cloud’s to answer: LIST, GET and WatchList', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  const { json } = await hub.inCloud('POST', '/api/v1/namespaces', { metadata: { name: 'elsewhere' } });
  const version: string = json.metadata.resourceVersion;
  for (const path of [`${settings}?resourceVersion=${version}`, `${settings}/one?resourceVersion=${version}`]) {
    const answer = await hub.ask(path);
    t.is(answer.status, 200, path);
    t.is(answer.headers['x-holdfast-source'], undefined, path);
  }
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const watch = await hub.watch(`${settings}?${query}&resourceVersion=${version}`);
  t.is(watch.status, 200);
  const { object } = await watch.until(({ type }) => type === 'BOOKMARK');
  t.true(Number(object.metadata.resourceVersion) >= Number(version));
  watch.leave();
});
