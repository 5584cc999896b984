// Deletions that others, or finalizers, have something to say about.
import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import type { Cloud } from '../../../src/cache/outbox/cloud.ts';
import { replayEntry } from '../../../src/cache/outbox/replay-entry.ts';
import type { ConflictPolicy } from '../../../src/cache/writes/policy.ts';
import { entryOf } from '../../support/outbox-entries.ts';
import { configMap, dataOf, kindOf, maps, ObjectCloud, OwedWritesStage } from '../../support/owed-writes-stage.ts';

const path = `${maps}/web`;
const held = (data: JsonObject): JsonObject => {
  const object = configMap('web', data);
  return { ...object, metadata: { ...(object.metadata as JsonObject), finalizers: ['example.com/f'] } };
};

/** Somebody else edits the object between the look at it and the request that deletes it. */
async function deleteWhileEdited(conflict: ConflictPolicy) {
  const cloud = new ObjectCloud();
  const before = cloud.put(path, configMap('web', { a: '1' }));
  const racing: Cloud = {
    send: async (request) => {
      if (request.method === 'DELETE' && dataOf(cloud, 'web')?.a === '1') {
        cloud.put(path, { ...cloud.objects.get(path)!, data: { a: 'theirs' } });
      }
      return cloud.send(request);
    },
  };
  const entry = entryOf({ op: 'delete', before, conflict });
  const { signal } = new AbortController();
  return { outcome: await replayEntry(entry, { cloud: racing, token: undefined, signal }), cloud };
}

test('an edit in the cloud between the look and the deletion is not deleted unseen', async (t) => {
  for (const conflict of ['cloud-wins', 'park'] as const) {
    const { outcome, cloud } = await deleteWhileEdited(conflict);
    t.is(outcome.kind, 'parked', conflict);
    t.deepEqual(dataOf(cloud, 'web'), { a: 'theirs' }, conflict);
  }
  const { outcome, cloud } = await deleteWhileEdited('edge-wins');
  t.is(outcome.kind, 'done');
  t.is(cloud.objects.size, 0);
});

for (const order of ['deleted, then let go', 'let go, then deleted'] as const) {
  test(`what is ${order} by its last finalizer while the cloud is away is gone there too`, async (t) => {
    for (const hands of ['one', 'two'] as const) {
      const cloud = new ObjectCloud();
      cloud.put(path, held({ a: '1' }));
      const stage = await OwedWritesStage.open({ cloud });
      const letGo = () =>
        stage.write({
          verb: 'patch',
          name: 'web',
          body: { metadata: { finalizers: null } },
          patchType: 'merge',
          ...kindOf('configmaps'),
          query: { dryRun: false, fieldManager: hands === 'one' ? 'kubectl-edit' : 'controller' },
        });
      if (order === 'let go, then deleted') await letGo();
      await stage.delete('web');
      if (order === 'deleted, then let go') await letGo();
      t.is(stage.writes.shown(path)?.object, undefined);
      await stage.heal();
      t.deepEqual(stage.parked, []);
      t.is(cloud.objects.get(path), undefined, `by ${hands}`);
      await stage.writes.stop();
    }
  });
}

test('finalizers that the cloud has set meanwhile are not taken off by a deletion made here', async (t) => {
  const cloud = new ObjectCloud();
  cloud.put(path, configMap('web', { a: '1' }));
  const stage = await OwedWritesStage.open({ cloud, conflict: 'edge-wins' });
  await stage.delete('web');
  cloud.put(path, held({ a: '1' }));
  await stage.heal();
  const { finalizers, deletionTimestamp } = cloud.objects.get(path)!.metadata as JsonObject;
  t.deepEqual(finalizers, ['example.com/f']);
  t.truthy(deletionTimestamp);
  await stage.writes.stop();
});

test('what is made here is not put into an object that is going away in the cloud: it is parked', async (t) => {
  for (const conflict of ['cloud-wins', 'edge-wins'] as const) {
    const stage = await OwedWritesStage.open({ conflict });
    await stage.create('web', { a: 'here' });
    const dying = held({ b: 'old' });
    const metadata = { ...(dying.metadata as JsonObject), deletionTimestamp: '2026-01-01T00:00:00Z' };
    stage.cloud.put(path, { ...dying, metadata });
    await stage.heal();
    t.is(stage.parked.length, 1, conflict);
    t.deepEqual(dataOf(stage.cloud, 'web'), { b: 'old' });
    await stage.writes.stop();
  }
});

test('a deletion is for the object it was asked for: what has its name by now stays, whoever insists', async (t) => {
  for (const isHeld of [false, true]) {
    const stage = await OwedWritesStage.open({ conflict: 'park' });
    const { cloud } = stage;
    cloud.put(path, isHeld ? held({ a: '1' }) : configMap('web', { a: '1' }));
    await stage.delete('web');
    cloud.put(path, isHeld ? held({ a: '2' }) : configMap('web', { a: '2' }));
    await stage.heal();
    t.is(stage.writes.outbox.get(1)?.state, 'parked');
    cloud.objects.delete(path);
    cloud.put(path, isHeld ? held({ a: 'anew' }) : configMap('web', { a: 'anew' }));
    const { concluded } = await stage.writes.decisions.retry(1, true);
    await stage.heal();
    t.is(await concluded, 'superseded', `held: ${isHeld}`);
    t.deepEqual(dataOf(cloud, 'web'), { a: 'anew' });
    t.is((cloud.objects.get(path)!.metadata as JsonObject).deletionTimestamp, undefined);
    await stage.writes.stop();
  }
});
