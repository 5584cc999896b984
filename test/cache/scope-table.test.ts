import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { type Scope, scopeOf } from '../../src/cache/scope.ts';
import { ScopeTable } from '../../src/cache/scope-table.ts';
import { ManualCluster, ManualKeeper, podCredential } from '../support/followed-scope-stage.ts';
import { ManualLink, ManualTiming } from '../support/manual-timing.ts';
import { byKey, pod, podList, podScope, podText } from '../support/sample-objects.ts';
import { ScriptedTransport, settled } from '../support/scripted-transport.ts';

const all = podScope();
const inA = podScope({ namespace: 'a' });
const oneInA = podScope({ namespace: 'a', fields: 'metadata.name=x' });

function stageOf({ discovered }: { readonly discovered?: boolean } = {}) {
  const transport = new ScriptedTransport();
  const closed: string[] = [];
  const crashes: unknown[] = [];
  const keeper = new ManualKeeper();
  const timing = new ManualTiming();
  const table = new ScopeTable({
    transport,
    keeper,
    timing,
    link: new ManualLink(),
    cluster: new ManualCluster(),
    initialSync: 'list',
    gatherMs: 0,
    ownWrites: {
      shownIn: () => new Map(),
      shownSpans: () => [],
      versionAbove: (_scope, version) => version,
      whenAnswered: () => undefined,
    },
    ring: { events: 100, bytes: 1_000_000 },
    isNamespaced: () => discovered,
    onUnwatchable: ({ resource }) => closed.push(`${resource} cannot be watched`),
    onGranted: () => {},
    onRefused: () => {},
    onFailure: () => {},
    onCrash: (error) => crashes.push(error),
    onClosed: ({ scope }, reason) => closed.push(`${scope.id} ${reason}`),
  });
  const restore = (scope: Scope, ...objects: ReturnType<typeof pod>[]) => {
    const snapshot = { listType: podList, resourceVersion: '10', floor: '10', objects: byKey(objects) };
    table.restore({ scope, number: '1', confirmedAt: 0, snapshot }, { identity: 'node', credential: nodeCredential });
  };
  return { transport, table, closed, crashes, keeper, timing, restore };
}

test('an incomplete scope never answers', async (t) => {
  const { table, transport } = stageOf();
  const followed = table.open(all, 'sa:pod', podCredential);
  const list = await transport.next();
  t.is(table.answering(all), undefined);
  t.is(table.answering(inA), undefined);
  t.is(table.following(all), followed, 'but it is followed already');
  t.is(table.following(inA), undefined, 'whether it will ever be complete is not known');
  list.list(10, [podText({ name: 'x', version: 5 })]);
  await transport.next();
  t.is(table.answering(all), followed);
  t.is(table.answering(inA), followed);
  t.is(table.following(inA), followed);
});

test('the exact scope answers first, else the smallest that holds the whole answer', (t) => {
  const { table, restore } = stageOf();
  const objects = ['x', 'y', 'z'].map((name) => pod({ name, namespace: 'a', version: 5 }));
  restore(all, ...objects);
  t.is(table.answering(oneInA)?.scope.id, all.id);
  restore(inA, ...objects.slice(0, 2));
  t.is(table.answering(oneInA)?.scope.id, inA.id);
  restore(oneInA, ...objects);
  t.is(table.answering(oneInA)?.scope.id, oneInA.id, 'however large');
  t.is(table.answering(all)?.scope.id, all.id);
});

test('a scope of another resource, namespace or selector answers nothing here', (t) => {
  const { table, restore } = stageOf();
  restore(inA);
  t.is(table.answering(all), undefined);
  t.is(table.answering(podScope({ namespace: 'b' })), undefined);
  t.is(table.answering({ ...inA, gvr: { ...inA.gvr, resource: 'services' }, id: 'v1/services|a||' }), undefined);
});

test('a scope is opened once; the reader who opens it lends its credential and is read for', async (t) => {
  const { table, transport } = stageOf();
  const followed = table.open(all, 'sa:pod', podCredential);
  t.is(table.open(all, 'node', nodeCredential), followed);
  t.deepEqual(followed.lenders, ['sa:pod']);
  const list = await transport.next();
  t.is(list.request.credential, podCredential);
  list.list(10);
  t.true((await transport.next()).isWatch);
  t.deepEqual(transport.titles, ['LIST /api/v1/pods', 'WATCH /api/v1/pods from 10']);
});

test('a restored scope answers at once and resumes its watch', async (t) => {
  const { table, transport, restore } = stageOf();
  restore(all, pod({ name: 'x', version: 5 }));
  t.is(table.answering(all)?.snapshot.size, 1);
  t.is((await transport.next()).title, 'WATCH /api/v1/pods from 10');
});

test('a closed scope is gone: nothing answers from it, its stream and its watchers end, its records go', async (t) => {
  const { table, transport, closed, keeper, restore } = stageOf();
  restore(all, pod({ name: 'x', version: 5 }));
  restore(inA);
  const watch = await transport.next();
  const followed = table.get(all.id)!;
  const told: string[] = [];
  followed.listeners.add({ changed: () => {}, expired: (reason) => told.push(reason) });
  table.close(followed, 'nobody reads it');
  table.close(followed, 'again');
  t.deepEqual(closed, [`${all.id} nobody reads it`]);
  t.deepEqual(told, ['nobody reads it']);
  t.true(watch.request.signal.aborted);
  t.deepEqual(keeper.log, ['removed']);
  t.is(table.get(all.id), undefined);
  t.is(table.answering(podScope({ namespace: 'b' })), undefined);
  t.is(table.answering(inA)?.scope.id, inA.id, 'the others stay');
});

test('a scope can be opened again after it was closed, and starts from nothing', async (t) => {
  const { table, transport } = stageOf();
  const first = table.open(all, 'sa:pod', podCredential);
  (await transport.next()).list(10, [podText({ name: 'x', version: 5 })]);
  await transport.next();
  table.close(first, 'done');
  const second = table.open(all, 'sa:pod', podCredential);
  t.not(second, first);
  t.false(second.isComplete);
  (await transport.next()).list(11);
  t.is((await transport.next()).title, 'WATCH /api/v1/pods from 11');
});

test('a namespace of a resource is answered from all of it only where it is known to live in namespaces', (t) => {
  const empty = stageOf();
  empty.restore(all);
  t.is(empty.table.answering(inA), undefined, 'an empty list of nodes in a namespace would be a lie');
  t.is(empty.table.following(inA), undefined);
  t.is(empty.table.answering(podScope({ labels: 'a=b' }))?.scope.id, all.id);

  const discovered = stageOf({ discovered: true });
  discovered.restore(all);
  t.is(discovered.table.answering(inA)?.scope.id, all.id);

  const listed = stageOf();
  listed.restore(all);
  listed.restore(podScope({ namespace: 'b' }));
  t.is(listed.table.answering(inA)?.scope.id, all.id, 'the cloud has listed another namespace');

  const cluster = stageOf();
  cluster.restore(all, pod({ name: 'x', namespace: '', version: 5 }));
  t.is(cluster.table.answering(inA), undefined);
  t.false(cluster.table.isNamespaced(all.gvr));
});

test('a resource that may be listed and not watched is not followed, nor tried again and again', async (t) => {
  const { table, transport, closed, timing } = stageOf();
  table.open(all, 'node', nodeCredential);
  (await transport.next()).list(10);
  (await transport.next()).status(405, 'MethodNotAllowed');
  await settled();
  t.deepEqual(closed, ['pods cannot be watched', `${all.id} the cloud lets nobody watch this resource`]);
  t.is(table.get(all.id), undefined);
  timing.advance(3_600_000);
  await settled();
  t.deepEqual(transport.unseen, []);
});

test('a resource that the cloud does not serve any more closes its scope', async (t) => {
  const { table, transport, closed, timing, restore } = stageOf();
  restore(all);
  while (closed.length === 0) {
    (await transport.next()).status(404);
    await settled();
    if (closed.length === 0) await timing.wake();
  }
  t.deepEqual(closed, [`${all.id} the cloud does not serve this resource any more`]);
  t.is(table.get(all.id), undefined);
});

test('when the process goes down streams end and nothing is forgotten', async (t) => {
  const { table, transport, closed, crashes, keeper, restore } = stageOf();
  restore(all, pod({ name: 'x', version: 5 }));
  const watch = await transport.next();
  table.stopAll();
  await settled();
  t.true(watch.request.signal.aborted);
  t.is(table.answering(all)?.snapshot.size, 1);
  t.deepEqual([closed, crashes, keeper.log], [[], [], []]);
});

test('scopes that nobody watches are closed when there are too many, the longest unread first', async (t) => {
  const { table, closed, transport } = stageOf();
  const scopeNamed = (index: number): Scope =>
    scopeOf({ gvr: all.gvr, namespace: `n${index}`, labelSelector: '', fieldSelector: '' });
  for (let index = 0; index <= 200; index++) {
    const followed = table.open(scopeNamed(index), 'node', nodeCredential);
    followed.wasRead(index === 7 ? -1 : index);
    (await transport.next()).list(10);
    await transport.next(); // its watch stays open
  }
  t.deepEqual(closed, ['v1/pods|n7|| more than 200 scopes are followed that nobody watches']);
});
