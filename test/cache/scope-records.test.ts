import test from 'ava';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import type { RestoredScope } from '../../src/cache/restore-scope.ts';
import type { Scope } from '../../src/cache/scope.ts';
import { ScopeRecords } from '../../src/cache/scope-records.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { byKey, pod, podList, podScope } from '../support/sample-objects.ts';

const all = podScope();
const labelled = podScope({ labels: 'app=x' });
const a = pod({ name: 'a', version: 5, labels: { app: 'x' } });
const b = pod({ name: 'b', version: 6 });
const readOnly = new Error('the disk takes no writes');

function open(records = new MemoryRecords()) {
  const behind: string[] = [];
  const scopes = new ScopeRecords({ records, now: () => 1234, onBehind: (id) => behind.push(id) });
  return { records, behind, scopes };
}

function sync(version: number, ...objects: KubernetesObject[]) {
  return { listType: podList, resourceVersion: String(version), objects: byKey(objects) };
}

function update(version: number, ...changes: ['ADDED' | 'MODIFIED' | 'DELETED', KubernetesObject][]) {
  return {
    changes: changes.map(([type, object]) => ({ type, object, previous: undefined })),
    resourceVersion: String(version),
    isRelist: false,
  };
}

async function restart(records: MemoryRecords) {
  const incomplete: string[] = [];
  const next = open(records.afterCrash());
  const restored = await next.scopes.restore((number, reason) => incomplete.push(`${number}: ${reason}`));
  return { ...next, restored, incomplete };
}

/** `id @version floor=… a@5 b@6` */
function told(restored: readonly RestoredScope[]): readonly string[] {
  return restored.map(({ scope, snapshot }) => {
    const objects = [...snapshot.objects.values()].map(({ name, resourceVersion }) => `${name}@${resourceVersion}`);
    return [scope.id, `@${snapshot.resourceVersion}`, `floor=${snapshot.floor}`, ...objects.sort()].join(' ');
  });
}

test('a scope comes back as it was: objects byte for byte, version, list type and time', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a, b));
  const { restored, incomplete } = await restart(records);
  t.deepEqual(incomplete, []);
  t.deepEqual(told(restored), [`${all.id} @10 floor=10 a@5 b@6`]);
  const [{ snapshot, confirmedAt, scope }] = restored as [RestoredScope];
  t.is(scope.id, all.id);
  t.is(confirmedAt, 1234);
  t.deepEqual(snapshot.listType, podList);
  t.true(snapshot.objects.get('default/a')?.body.equals(a.body));
});

test('an empty scope comes back complete and empty', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10));
  t.deepEqual(told((await restart(records)).restored), [`${all.id} @10 floor=10`]);
});

test('changes come back with the version they led to; the floor is the last change, or the end of a relist', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a, b));
  const changed = pod({ name: 'a', version: 12, labels: { app: 'x' } });
  await scopes.saveChanges(
    all,
    update(
      20,
      ['MODIFIED', changed],
      ['DELETED', pod({ name: 'b', version: 13 })],
      ['ADDED', pod({ name: 'c', version: 14 })],
    ),
  );
  t.deepEqual(told((await restart(records)).restored), [`${all.id} @20 floor=14 a@12 c@14`]);
  await scopes.saveChanges(all, update(25));
  t.deepEqual(
    told((await restart(records)).restored),
    [`${all.id} @25 floor=14 a@12 c@14`],
    'a bookmark moves no floor',
  );
  await scopes.saveChanges(all, { ...update(30), isRelist: true });
  t.deepEqual(told((await restart(records)).restored), [`${all.id} @30 floor=30 a@12 c@14`]);
});

test('one object in two scopes is stored once and is one object in memory', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a, b));
  await scopes.saveSync(
    labelled,
    sync(11, scopes.intern(labelled, pod({ name: 'a', version: 5, labels: { app: 'x' } }))),
  );
  t.deepEqual(records.keys('object'), ['v1/pods|default/a', 'v1/pods|default/b']);
  t.is(scopes.intern(labelled, pod({ name: 'a', version: 5 })), a);
  const { restored } = await restart(records);
  t.is(restored.length, 2);
  t.is(restored[0]!.snapshot.objects.get('default/a'), restored[1]!.snapshot.objects.get('default/a'));
});

test('a body is written once for all scopes that see the same change, and never back to an older one', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  await scopes.saveSync(labelled, sync(10, a));
  const bodies = () => records.batches.at(-1)!.filter(({ space }) => space === 'object').length;
  const newer = pod({ name: 'a', version: 12, labels: { app: 'x' } });
  await scopes.saveChanges(all, update(12, ['MODIFIED', newer]));
  t.is(bodies(), 1);
  await scopes.saveChanges(labelled, update(11, ['MODIFIED', pod({ name: 'a', version: 11, labels: { app: 'x' } })]));
  t.is(bodies(), 0);
  await scopes.saveChanges(labelled, update(12, ['MODIFIED', newer]));
  t.is(bodies(), 0);
  t.deepEqual(told((await restart(records)).restored), [
    `${all.id} @12 floor=12 a@12`,
    `${labelled.id} @12 floor=12 a@12`,
  ]);
});

test('an object goes from disk with the last scope that holds it', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a, b));
  await scopes.saveSync(labelled, sync(10, a));
  await scopes.saveChanges(all, update(12, ['DELETED', pod({ name: 'a', version: 12 })]));
  t.deepEqual(records.keys('object'), ['v1/pods|default/a', 'v1/pods|default/b']);
  await scopes.saveChanges(labelled, update(12, ['DELETED', pod({ name: 'a', version: 12 })]));
  t.deepEqual(records.keys('object'), ['v1/pods|default/b']);
  scopes.remove(all);
  await scopes.idle();
  t.deepEqual(records.keys('object'), []);
  t.deepEqual(told((await restart(records)).restored), [`${labelled.id} @12 floor=12`]);
});

test('an object that was replaced under the same name is the new one after a restart', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  const fresh = pod({ name: 'a', uid: 'new', version: 13 });
  await scopes.saveChanges(all, update(13, ['DELETED', pod({ name: 'a', version: 12 })], ['ADDED', fresh]));
  const { restored, incomplete } = await restart(records);
  t.deepEqual(incomplete, []);
  t.is(restored[0]!.snapshot.objects.get('default/a')?.uid, 'new');
});

for (const [what, space, key, reason] of [
  ['a missing object', 'object', 'v1/pods|default/b', 'default/b is missing or damaged'],
  ['a missing member', 'member', '1/default/b', '2 objects were noted, 1 are there'],
  ['missing progress', 'scope', '1.progress', 'how far it had got is not known'],
] as const) {
  test(`${what} makes the scope unknown, says so, and leaves the others`, async (t) => {
    const { records, scopes } = open();
    await scopes.saveSync(all, sync(10, a, b));
    await scopes.saveSync(labelled, sync(10, a));
    records.lose(space, key);
    const { restored, incomplete, records: after } = await restart(records);
    t.deepEqual(incomplete, [`1: ${reason}`]);
    t.deepEqual(told(restored), [`${labelled.id} @10 floor=10 a@5`]);
    t.deepEqual(after.keys('scope'), ['2', '2.progress'], 'what is left of it is removed');
    t.deepEqual(after.keys('member'), ['2/default/a']);
    t.deepEqual(after.keys('object'), ['v1/pods|default/a']);
  });
}

test('a member too many makes the scope unknown', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  records.set('member', '1/default/b', '');
  const { restored, incomplete } = await restart(records);
  t.deepEqual(restored, []);
  t.is(incomplete.length, 1);
});

test('a record that cannot be read makes its scope unknown, and does not keep the hub from starting', async (t) => {
  for (const [space, key, value] of [
    ['scope', '1', '{"scope":'],
    [
      'scope',
      '1',
      '{"scope":{"gvr":{"group":"","version":"v1","resource":"pods"},"namespace":"","labelSelector":"a in (","fieldSelector":""}}',
    ],
    ['scope', '1.progress', 'null'],
    ['object', 'v1/pods|default/b', '{"kind":"Pod"}'],
  ] as const) {
    const { records, scopes } = open();
    await scopes.saveSync(all, sync(10, b));
    await scopes.saveSync(labelled, sync(10, a));
    records.set(space, key, value);
    const { restored, incomplete } = await restart(records);
    t.deepEqual(told(restored), [`${labelled.id} @10 floor=10 a@5`], value);
    t.is(incomplete.length, 1);
  }
});

test('a scope that an object had left when the other scopes had heard of it already is not told as complete', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  await scopes.saveSync(labelled, sync(10, a));
  await scopes.saveChanges(all, update(12, ['MODIFIED', pod({ name: 'a', version: 12, labels: { app: 'y' } })]));
  const { restored, incomplete } = await restart(records);
  t.deepEqual(told(restored), [`${all.id} @12 floor=12 a@12`]);
  t.deepEqual(incomplete, ['2: default/a left it just before the end']);
});

test('damage in the midst of these records makes all of them unknown', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  const damaged = records.afterCrash();
  damaged.unsettled = [{ space: 'member', key: '', reason: 'the log has a gap' } as never];
  const next = open(damaged);
  const incomplete: string[] = [];
  t.deepEqual(await next.scopes.restore((number, reason) => incomplete.push(`${number}: ${reason}`)), []);
  t.deepEqual(incomplete, ['1: the log has a gap']);
  t.deepEqual(damaged.keys('scope'), []);
  t.deepEqual(damaged.unsettled, [], 'it has been dealt with');
});

test('records that belong to no scope are removed at the start, and their numbers are not given again', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  records.set('object', 'v1/pods|default/stray', '{}');
  records.set('member', 'z/default/stray', '');
  records.set('scope', 'y.progress', '{}');
  const next = await restart(records);
  t.deepEqual(next.records.keys('object'), ['v1/pods|default/a']);
  t.deepEqual(next.records.keys('member'), ['1/default/a']);
  t.deepEqual(next.records.keys('scope'), ['1', '1.progress']);
  await next.scopes.saveSync(labelled, sync(11, a));
  t.deepEqual(next.records.keys('scope', '10'), ['10', '10.progress'], 'z is 35, so the next one is 36');
});

test('a removed scope is gone after a restart', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  scopes.remove(all);
  await scopes.saveChanges(all, update(11));
  await scopes.idle();
  const { restored, incomplete } = await restart(records);
  t.deepEqual([restored, incomplete], [[], []]);
  t.deepEqual(records.keys('member'), []);
});

test('a removal that the disk does not take is at least not restored as the truth', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  records.failure = readOnly;
  scopes.remove(all);
  await scopes.idle();
  const { restored, incomplete } = await restart(records);
  t.deepEqual(restored, []);
  t.deepEqual(incomplete, ['1: how far it had got is not known']);
});

test('a save that was called before the removal does not come back after it', async (t) => {
  const { records, scopes } = open();
  records.hold();
  const saved = scopes.saveSync(all, sync(10, a));
  scopes.remove(all);
  records.release();
  await Promise.all([saved, scopes.idle()]);
  t.deepEqual((await restart(records)).restored, []);
});

test('a change that the disk does not take is said, and the scope is not restored as the truth', async (t) => {
  const { records, scopes, behind } = open();
  await scopes.saveSync(all, sync(10, a));
  await scopes.saveSync(labelled, sync(10));
  records.failure = readOnly;
  await scopes.saveChanges(all, update(11, ['ADDED', b]));
  await scopes.saveChanges(all, update(12, ['DELETED', pod({ name: 'b', version: 12 })]));
  t.deepEqual(behind, [all.id], 'said once');
  t.deepEqual(scopes.behind, [all.id]);
  const { restored, incomplete } = await restart(records);
  t.deepEqual(told(restored), [`${labelled.id} @10 floor=10`]);
  t.deepEqual(incomplete, ['1: how far it had got is not known']);
});

test('a scope that was read anew, and that the disk did not take, is not restored as it was before', async (t) => {
  const { records, scopes, behind } = open();
  await scopes.saveSync(all, sync(10, a));
  records.failure = readOnly;
  await scopes.saveSync(all, sync(20, b));
  t.deepEqual(behind, [all.id]);
  records.failure = undefined;
  t.deepEqual(told((await restart(records)).restored), []);
});

test('all scopes that hold an object which the disk did not take are behind', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  await scopes.saveSync(labelled, sync(10, a));
  records.failure = readOnly;
  await scopes.saveChanges(all, update(11, ['MODIFIED', pod({ name: 'a', version: 11, labels: { app: 'x' } })]));
  t.deepEqual([...scopes.behind].sort(), [all.id, labelled.id].sort());
});

test('even when nothing urgent can be written, what comes back is a state that was once whole', async (t) => {
  const { records, scopes, behind } = open();
  await scopes.saveSync(all, sync(10, a));
  records.failure = readOnly;
  records.urgentFailure = readOnly;
  await scopes.saveChanges(all, update(11, ['ADDED', b]));
  records.failure = undefined;
  await scopes.saveChanges(all, update(12, ['DELETED', pod({ name: 'a', version: 12 })]));
  t.deepEqual(told((await restart(records)).restored), [`${all.id} @10 floor=10 a@5`]);
  t.deepEqual(behind, [all.id, all.id], 'that the note was lost is said, too');
});

test('a scope that is behind is brought up to date by saving it whole, whatever was missed meanwhile', async (t) => {
  const { records, scopes } = open();
  const c = pod({ name: 'c', version: 7 });
  await scopes.saveSync(all, sync(10, a, b, c));
  records.failure = readOnly;
  const newA = pod({ name: 'a', version: 11 });
  const newC = pod({ name: 'c', version: 13 });
  await scopes.saveChanges(all, update(11, ['MODIFIED', newA]));
  records.failure = undefined;
  const d = pod({ name: 'd', version: 14 });
  await scopes.saveChanges(
    all,
    update(14, ['DELETED', pod({ name: 'b', version: 12 })], ['MODIFIED', newC], ['ADDED', d]),
  );
  t.deepEqual((await restart(records)).restored, [], 'what was missed in between is still missing');
  await scopes.saveSync(all, sync(14, newA, newC, d));
  t.deepEqual(scopes.behind, []);
  const { restored, incomplete } = await restart(records);
  t.deepEqual(incomplete, []);
  t.deepEqual(told(restored), [`${all.id} @14 floor=14 a@11 c@13 d@14`]);
  t.deepEqual(records.keys('member').length, 3);
});

test('an object that a scope which is behind has seen is written when another scope sees it', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  records.failure = readOnly;
  await scopes.saveChanges(all, update(11, ['ADDED', b]));
  records.failure = undefined;
  await scopes.saveSync(labelled, sync(11, a));
  const newer = pod({ name: 'a', version: 12, labels: { app: 'x' } });
  await scopes.saveChanges(all, update(12, ['MODIFIED', newer]));
  await scopes.saveChanges(labelled, update(12, ['MODIFIED', newer]));
  t.deepEqual(told((await restart(records)).restored), [`${labelled.id} @12 floor=12 a@12`]);
});

test('a repair that the disk does not take leaves the scope behind', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  records.failure = readOnly;
  await scopes.saveChanges(all, update(11, ['ADDED', b]));
  await scopes.saveSync(all, sync(11, a, b));
  t.deepEqual(scopes.behind, [all.id]);
  t.deepEqual((await restart(records)).restored, []);
  records.failure = undefined;
  await scopes.saveSync(all, sync(11, a, b));
  t.deepEqual(told((await restart(records)).restored), [`${all.id} @11 floor=11 a@5 b@6`]);
});

test('a repair that is overtaken by a removal does not come back', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a));
  records.failure = readOnly;
  await scopes.saveChanges(all, update(11, ['ADDED', b]));
  records.failure = undefined;
  const repaired = scopes.saveSync(all, sync(11, a, b));
  scopes.remove(all);
  await Promise.all([repaired, scopes.idle()]);
  t.deepEqual((await restart(records)).restored, []);
  t.deepEqual(scopes.behind, []);
});

test('Secrets, and only they, are marked as secret', async (t) => {
  const { records, scopes } = open();
  const secretScope: Scope = { ...all, gvr: { ...all.gvr, resource: 'secrets' }, id: 'v1/secrets|||' };
  await scopes.saveSync(secretScope, sync(10, a));
  await scopes.saveSync(all, sync(10, b));
  const secret = records.batches.flat().filter((change) => change.secret === true);
  t.deepEqual(
    secret.map(({ space, key }) => `${space} ${key}`),
    ['object v1/secrets|default/a'],
  );
});

test('what the cloud has of single objects comes back, and the scope cannot be followed from its old version', async (t) => {
  const { records, scopes } = open();
  await scopes.saveSync(all, sync(10, a, b));
  await scopes.saveWord(all, 'default/a', undefined);
  await scopes.saveWord(all, 'default/b', pod({ name: 'b', version: 15 }));
  await scopes.saveWord(all, 'default/c', pod({ name: 'c', version: 16 }));
  const next = await restart(records);
  t.deepEqual(next.incomplete, []);
  t.deepEqual(told(next.restored), [`${all.id} @10 floor=10 b@15 c@16`]);
  t.true(next.restored[0]!.snapshot.isMixed);

  await next.scopes.saveChanges(all, { ...update(20, ['DELETED', pod({ name: 'c', version: 19 })]), isRelist: true });
  const { restored } = await restart(next.records);
  t.deepEqual(told(restored), [`${all.id} @20 floor=20 b@15`]);
  t.falsy(restored[0]!.snapshot.isMixed);
});
