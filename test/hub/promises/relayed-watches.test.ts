// A watch of one client's own (Table, PartialObjectMetadata) while connections break.
import test from 'ava';
import { configMap, eventually, startRunningHub } from '../../support/running-hub.ts';

const settings = '/api/v1/namespaces/default/configmaps';
const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

for (const query of [
  'watch=true&resourceVersion=0',
  'watch=true',
  'watch=true&resourceVersion=0&allowWatchBookmarks=true',
]) {
  test(`a watch of its own that is cut while it is told what there is ends with 410, and skips nothing: ${query}`, async (t) => {
    const hub = await startRunningHub();
    t.teardown(() => hub.stop());
    // In the order of versions the last comes first: a resumption from it would never show the others.
    const names = ['c', 'b', 'a'];
    for (const name of names) await hub.inCloud('POST', settings, configMap(name, { text: 'x'.repeat(2000) }));
    hub.cloud.faults.add({
      action: { kind: 'cut', afterBytes: 500 },
      matches: ({ resource, verb }) => resource === 'configmaps' && verb === 'watch',
      times: 1,
    });
    const watch = await hub.watch(`${settings}?${query}`, { headers: { accept } });
    await watch.ended;
    t.true(watch.events.filter(({ type }) => type === 'ADDED').length < names.length);
    t.like(watch.events.at(-1), { type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  });
}

test('once something else than what there is was told, a watch of its own goes on after a cut with all that it missed', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  for (const name of ['c', 'b', 'a']) await hub.inCloud('POST', settings, configMap(name));
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=0`, { headers: { accept } });
  await eventually(() => watch.events.length === 3);
  await hub.inCloud('DELETE', `${settings}/c`);
  await watch.until(({ type }) => type === 'DELETED');
  await hub.cut();
  await hub.inCloud('POST', settings, configMap('missed'));
  await hub.heal();
  const { type } = await watch.until(({ object }) => object.metadata.name === 'missed');
  t.is(type, 'ADDED');
  t.is(watch.events.length, 5);
  t.false(watch.hasEnded);
  watch.leave();
});
