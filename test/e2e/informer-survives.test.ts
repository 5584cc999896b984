// client-go's informer, the client that acts on what it is told, through the worst day of a hub: online, cut, kill -9,
// another informer started while offline, and the cloud back with changes made meanwhile. Its store is never emptied, no
// object ends for it that did not end, no version goes back, and at the end it holds what the apiserver lists.
import type { ExecutionContext } from 'ava';
import { eventually } from './eventually.ts';
import { type Informer, type InformerEvent, startInformer } from './informer.ts';
import { historyFaults, plainLists, storeDifferences, watchLists } from './informer-history.ts';
import { type Lab, startLab } from './lab.ts';
import { test } from './one-by-one.ts';
import { dropUnavailable } from './packet-drop.ts';
import type { RelayMode } from './relay.ts';

const reading = [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'list', 'watch'] }];
let lab: Lab;
let token: string;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({ prepare: ({ createNamespace }) => createNamespace('accounts') });
  token = await lab.account('accounts', 'reader', reading);
});
test.after.always(() => lab?.stop());

interface Day {
  readonly watchList: boolean;
  readonly cut: RelayMode;
  /** The cloud has forgotten what happened during the cut: nothing can be resumed. */
  readonly forgets: boolean;
}

const days: readonly Day[] = [
  { watchList: true, cut: 'reset', forgets: false },
  { watchList: false, cut: 'reset', forgets: false },
  { watchList: true, cut: dropUnavailable() === undefined ? 'drop' : 'swallow', forgets: true },
  { watchList: false, cut: 'halfOpen', forgets: true },
];

for (const { watchList, cut, forgets } of days) {
  const how = `${watchList ? 'WatchList' : 'LIST and WATCH'}, link cut by ${cut}${forgets ? ', cloud that forgot' : ''}`;
  test(`an informer survives a cut, a kill -9 and the way back: ${how}`, async (t) => {
    t.timeout(180_000);
    const cloud = await cloudWith(`day-${days.findIndex((day) => day.watchList === watchList && day.cut === cut)}`);
    const follow = async (resource = 'v1/configmaps') => {
      const kubeconfig = lab.kubeconfig({ token });
      const informer = await startInformer({
        kubeconfig,
        resources: [resource],
        namespace: cloud.namespace,
        watchList,
      });
      t.teardown(() => informer.stop());
      return informer;
    };
    const first = await follow();
    await first.synced();
    await lab.followed('v1/configmaps', { namespace: cloud.namespace });
    await cloud.update('map-0');
    await cloud.remove('map-1');
    await converged(t, first, cloud, 'while the link is up');

    const before = first.events.length;
    const known = (await first.dump()).objects;
    await lab.cut(cut);
    await cloud.update('map-2');
    await cloud.create('map-8');
    await cloud.remove('map-3');
    await cloud.remove('map-4');
    await cloud.create('map-4');
    if (forgets) await cloud.forget();

    await lab.restartHub();
    t.is((await lab.status()).link.state === 'online', false);
    const second = await follow();
    const third = await follow('v1/secrets');
    await second.synced();
    t.deepEqual((await second.dump()).objects, known, 'the new one begins with what the first one knows');
    await first.waitFor('its watch is open again', isAnsweredWatch, { from: before, timeoutMs: 60_000 });
    t.deepEqual((await first.dump()).objects, known, 'the first one still knows it');
    await third.waitFor('its refusal', (one) => one.event === 'request' && one.status === 503);
    const asked = third.events.filter((one) => one.event === 'request');
    t.true(asked.every((one) => one.status === 503));
    t.false((await third.dump()).synced, 'what was never read does not sync');
    t.deepEqual(offlineSources(second), ['cache']);
    t.is(watchLists(second.events).length, watchList ? 1 : 0);
    t.is(plainLists(second.events).length, watchList ? 0 : 1);

    const healing = performance.now();
    await lab.heal();
    const healed = performance.now();
    await converged(t, first, cloud, 'when the link is back');
    await converged(t, second, cloud, 'when the link is back');
    t.log(`link up after ${ms(healed - healing)}, both stores current ${ms(performance.now() - healed)} later`);
    await third.synced(60_000);
    await cloud.update('map-0');
    await cloud.create('map-9');
    await converged(t, first, cloud, 'some time after');
    await converged(t, second, cloud, 'some time after');
    for (const informer of [first, second]) t.deepEqual(historyFaults(informer.events, cloud.wasRemoved), []);
    t.is(plainListsAfter(first, before), 0, 'the first one never had to list again');
  });
}

interface Cloud {
  readonly namespace: string;
  create(name: string): Promise<void>;
  update(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Compacted and restarted: it answers 410 to whoever asks for what was before. */
  forget(): Promise<void>;
  wasRemoved(uid: string): boolean;
  items(): Promise<Parameters<typeof storeDifferences>[1]>;
}

/** A namespace with six ConfigMaps, changed behind the back of the hub. */
async function cloudWith(namespace: string): Promise<Cloud> {
  const { admin } = lab.plane;
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const removed = new Set<string>();
  let changes = 0;
  const create = (name: string) => admin.expect('POST', path, { metadata: { name } });
  await lab.plane.createNamespace(namespace);
  for (let i = 0; i < 6; i++) await create(`map-${i}`);
  return {
    namespace,
    create,
    update: (name) => admin.expect('PATCH', `${path}/${name}`, { data: { changes: String(changes++) } }),
    async remove(name) {
      removed.add((await admin.expect('GET', `${path}/${name}`)).metadata.uid);
      await admin.expect('DELETE', `${path}/${name}`);
    },
    async forget() {
      await lab.plane.compact();
      await lab.plane.stopApiserver();
      await lab.plane.startApiserver();
    },
    wasRemoved: (uid) => removed.has(uid),
    items: async () => (await admin.expect('GET', path)).items,
  };
}

async function converged(t: ExecutionContext, informer: Informer, cloud: Cloud, when: string): Promise<void> {
  let differences: string[] = [];
  try {
    await eventually(
      `the store holds what the apiserver lists, ${when}`,
      async () => {
        differences = storeDifferences(await informer.dump(), await cloud.items());
        return differences.length === 0;
      },
      { timeoutMs: 30_000, everyMs: 100 },
    );
  } catch (error) {
    t.log(differences, (error as Error).cause, informer.events.slice(-5));
    throw error;
  }
}

function isAnsweredWatch(one: InformerEvent): boolean {
  return one.event === 'request' && /[?&]watch=true/.test(one.url) && one.status === 200;
}

function offlineSources(informer: Informer): unknown[] {
  const answered = informer.events.filter((one) => one.event === 'request' && one.status === 200);
  return [...new Set(answered.map((one) => ('source' in one ? one.source : 'upstream')))];
}

function plainListsAfter(informer: Informer, from: number): number {
  return plainLists(informer.events.slice(from)).length;
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}
