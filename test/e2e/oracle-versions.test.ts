// Oracle cases 39 and 40: what a client may hold on to over restarts of the hub, cuts, and a cloud that has forgotten.

import type { WatchEvent } from './api-client.ts';
import { eventually } from './eventually.ts';
import { followWatch } from './followed-watch.ts';
import { type Lab, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const configMaps = '/api/v1/namespaces/shop/configmaps';
const watchFrom = (version: string, seconds = 600) =>
  `${configMaps}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}&timeoutSeconds=${seconds}`;
let lab: Lab;
let reader: string;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare({ admin, createNamespace }) {
      await createNamespace('shop');
      for (let i = 0; i < 6; i++) await admin.expect('POST', configMaps, { metadata: { name: `map-${i}` } });
    },
  });
  reader = await lab.account('shop', 'reader', [
    { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] },
  ]);
  await lab.as(reader).expect('GET', configMaps);
  await lab.followed('v1/configmaps');
});
test.after.always(() => lab?.stop());

test('case 39: a watch from before a restart goes on where nothing was missed, and is told 410 where something was', async (t) => {
  const old = await lab.as(reader).expect('GET', `${configMaps}?resourceVersion=0`);
  const change = (text: string) => lab.plane.admin.expect('PATCH', `${configMaps}/map-0`, { data: { text } });
  await change('1');
  const last = await change('2');
  const list = await arrived(last.metadata.resourceVersion);
  await lab.cut('refuse');
  for (const life of ['the same life', 'the life after']) {
    const goesOn = followWatch(lab.as(reader), watchFrom(list.metadata.resourceVersion));
    t.teardown(() => goesOn.stop());
    await eventually('it is open', async () => (await lab.status()).watchers === 1);
    t.is(goesOn.end, undefined, life);
    t.deepEqual(goesOn.events, [], life);
    const fromOld = followWatch(lab.as(reader), watchFrom(old.metadata.resourceVersion, 1));
    const end = await fromOld.ended();
    if (life === 'the same life') {
      t.is(end, '');
      const types = fromOld.events.map(({ type }) => type).filter((type) => type !== 'BOOKMARK');
      t.deepEqual(types, ['MODIFIED', 'MODIFIED'], 'the ring has both changes');
      goesOn.stop();
      await lab.restartHub();
    } else {
      t.regex(end, /: 410 .*"reason":"Expired"/);
      const again = await lab.as(reader).expect('GET', configMaps);
      t.is(again.metadata.resourceVersion, list.metadata.resourceVersion);
      t.is(JSON.stringify(again.items), JSON.stringify(list.items));
      await lab.heal();
      const made = await lab.plane.admin.expect('POST', configMaps, { metadata: { name: 'after-restart' } });
      t.deepEqual(await goesOn.waitFor('what comes after', ({ type }) => type === 'ADDED'), {
        type: 'ADDED',
        object: made,
      });
    }
  }
});

test('case 40: versions of one watch only rise, over a cut, a cloud that has forgotten, and deletions only found later', async (t) => {
  const list = await lab.as(reader).expect('GET', `${configMaps}?resourceVersion=0`);
  const watch = followWatch(lab.as(reader), watchFrom(list.metadata.resourceVersion));
  t.teardown(() => watch.stop());
  const { admin } = lab.plane;
  await admin.expect('PATCH', `${configMaps}/map-1`, { data: { text: 'before' } });
  await watch.waitFor('the first change', ({ type }) => type === 'MODIFIED');

  await lab.cut('reset');
  await admin.expect('DELETE', `${configMaps}/map-1`);
  await admin.expect('PATCH', `${configMaps}/map-2`, { data: { text: 'while away' } });
  await admin.expect('DELETE', `${configMaps}/map-3`);
  await admin.expect('DELETE', `${configMaps}/map-4`);
  await admin.expect('POST', configMaps, { metadata: { name: 'map-4' } }); // another one of the same name
  await admin.expect('POST', configMaps, { metadata: { name: 'map-9' } });
  await lab.plane.compact();
  await lab.plane.stopApiserver();
  await lab.plane.startApiserver(); // it can tell nobody what happened before
  await lab.heal();

  const final = await admin.expect('PATCH', `${configMaps}/map-5`, { data: { text: 'last' } });
  await watch.waitFor(
    'the last change',
    ({ object }) => object.metadata.resourceVersion === final.metadata.resourceVersion,
    30_000,
  );
  t.is(watch.end, undefined, 'one watch all along');
  risesOnly(t, watch.events);
  const told = watch.events
    .filter(({ type }) => type !== 'BOOKMARK')
    .map(({ type, object }) => `${type} ${object.metadata.name}`);
  t.deepEqual(told.toSorted(), [
    'ADDED map-4',
    'ADDED map-9',
    'DELETED map-1',
    'DELETED map-3',
    'DELETED map-4',
    'MODIFIED map-1',
    'MODIFIED map-2',
    'MODIFIED map-5',
  ]);
  t.true(told.indexOf('DELETED map-4') < told.indexOf('ADDED map-4'));

  // Whoever resumes from a version that was found, not heard, is told 410 or hears exactly what comes after it.
  const found = watch.events.filter(({ type }) => type !== 'BOOKMARK');
  for (const [index, { object }] of found.entries()) {
    const resumed = followWatch(lab.as(reader), watchFrom(object.metadata.resourceVersion, 1));
    const end = await resumed.ended();
    const heard = resumed.events.filter(({ type }) => type !== 'BOOKMARK');
    if (end === '') t.deepEqual(heard, found.slice(index + 1), object.metadata.resourceVersion);
    else t.regex(end, /: 410 /);
    if (index === 0 || index === found.length - 1) t.is(end, '', 'what was heard can be resumed');
  }
});

test('case 40: no list shows an older version than the one before, through cuts and restarts', async (t) => {
  const lists: string[] = [];
  const note = async () => {
    const answer = await lab.as(reader).request('GET', `${configMaps}?resourceVersion=0`);
    t.is(answer.status, 200, answer.raw.toString());
    lists.push(answer.body.metadata.resourceVersion);
  };
  for (const mode of ['reset', 'refuse'] as const) {
    await note();
    await lab.plane.admin.expect('PATCH', `${configMaps}/map-0`, { data: { mode } });
    await note();
    await lab.cut(mode);
    await note();
    await lab.restartHub();
    await note();
    await lab.heal();
    await note();
  }
  const numbers = lists.map(BigInt);
  t.deepEqual(
    numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
    numbers,
  );
});

test('a client that comes back later than the link hears what happens within seconds', async (t) => {
  await lab.cut('refuse');
  await lab.restartHub();
  await lab.heal();
  // Nobody lends a credential yet: the hub cannot follow this scope, and tries less and less often.
  const healed = performance.now();
  await eventually('it has tried for a while', () => performance.now() - healed > 8_000, { timeoutMs: 9_000 });
  t.false((await lab.status()).scopes.find(({ gvr }) => gvr === 'v1/configmaps')?.following);
  const list = await lab.as(reader).expect('GET', `${configMaps}?resourceVersion=0`);
  const watch = followWatch(lab.as(reader), watchFrom(list.metadata.resourceVersion));
  t.teardown(() => watch.stop());
  const asked = performance.now();
  const changed = await lab.plane.admin.expect('PATCH', `${configMaps}/map-0`, {
    data: { text: 'to whoever listens' },
  });
  await watch.waitFor(
    'the change',
    ({ object }) => object.metadata.resourceVersion === changed.metadata.resourceVersion,
    5_000,
  );
  t.log(`heard after ${Math.round(performance.now() - asked)} ms`);
  t.pass();
});

/** The list of the store, once it has this version. */
function arrived(version: string) {
  return eventually('the change is in the store', async () => {
    const list = await lab.as(reader).expect('GET', `${configMaps}?resourceVersion=0`);
    return BigInt(list.metadata.resourceVersion) >= BigInt(version) && list;
  });
}

function risesOnly(
  t: { true(value: boolean, message?: string): void; fail(message: string): void },
  events: readonly WatchEvent[],
): void {
  let last = 0n;
  for (const { type, object } of events) {
    const version: string = object.metadata.resourceVersion;
    t.true(/^[1-9][0-9]{0,18}$/.test(version) && BigInt(version) < 2n ** 63n, `${version} is an int64`);
    const rises = type === 'BOOKMARK' ? BigInt(version) >= last : BigInt(version) > last;
    if (!rises) t.fail(`${type} ${object.metadata.name ?? ''} has ${version} after ${last}`);
    last = BigInt(version);
  }
}
