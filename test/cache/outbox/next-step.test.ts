// What is done with an owed write, given what the cloud has now.
import test from 'ava';
import fc from 'fast-check';
import { equalJson, type JsonObject } from '../../../src/apimachinery/json.ts';
import type { OutboxEntry } from '../../../src/cache/outbox/entry.ts';
import { firstStep, nextStep, type Step, stepAfterRefusal } from '../../../src/cache/outbox/next-step.ts';
import type { ConflictPolicy } from '../../../src/cache/writes/policy.ts';
import { dataOf, entryOf, objectOf } from '../../support/outbox-entries.ts';

const policies: readonly ConflictPolicy[] = ['cloud-wins', 'edge-wins', 'park'];

const given = fc.record({
  base: dataOf,
  edge: dataOf,
  cloud: dataOf,
  conflict: fc.constantFrom(...policies),
  isMine: fc.boolean(),
});

type Data = Readonly<Record<string, string>>;

function updated({
  base,
  edge,
  conflict,
  isMine,
}: {
  base: Data;
  edge: Data;
  conflict: ConflictPolicy;
  isMine: boolean;
}) {
  return entryOf({
    before: objectOf('web', { version: '10', data: base }),
    after: objectOf('web', { version: '1000', data: edge }),
    conflict,
    ...(isMine && { isMine }),
  });
}

const inCloud = (data: Data): JsonObject => objectOf('web', { version: '20', data });
const dataIn = (body: JsonObject): Data => (body.data ?? {}) as Data;
const keys = ['a', 'b', 'c'];

test('what both sides changed is never decided silently, unless the policy or an operator says that the edge wins', (t) => {
  fc.assert(
    fc.property(given, ({ base, edge, cloud, conflict, isMine }) => {
      const contested = keys.filter(
        (key) => edge[key] !== base[key] && cloud[key] !== base[key] && edge[key] !== cloud[key],
      );
      const step = nextStep(updated({ base, edge, conflict, isMine }), inCloud(cloud));
      const edgeWins = conflict === 'edge-wins' || isMine;
      if (contested.length === 0) return t.true(step.kind === 'update' || step.kind === 'done', step.kind);
      if (edgeWins) {
        t.is(step.kind, 'update');
        const told = dataIn((step as Extract<Step, { kind: 'update' }>).body);
        for (const key of contested) t.is(told[key], edge[key]);
        return;
      }
      if (conflict === 'park') t.is(step.kind, 'park');
      const said = step.kind === 'park' || step.kind === 'update' ? (step.conflicts ?? []) : [];
      for (const key of contested) t.true(said.includes(`data.${key}`), `${key} of ${said}`);
      if (step.kind === 'update') for (const key of contested) t.is(dataIn(step.body)[key], cloud[key]);
    }),
    { numRuns: 2000 },
  );
});

test('what only one side changed is kept, whatever the policy', (t) => {
  fc.assert(
    fc.property(given, ({ base, edge, cloud, conflict, isMine }) => {
      const step = nextStep(updated({ base, edge, conflict, isMine }), inCloud(cloud));
      if (step.kind === 'park') return;
      const end = step.kind === 'update' ? dataIn(step.body) : cloud;
      for (const key of keys) {
        if (edge[key] === base[key]) t.is(end[key], cloud[key], `the cloud’s ${key}`);
        if (cloud[key] === base[key]) t.is(end[key], edge[key], `the edge’s ${key}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test('once the cloud has what was sent there is nothing more to do', (t) => {
  fc.assert(
    fc.property(given, ({ base, edge, cloud, conflict, isMine }) => {
      const entry = updated({ base, edge, conflict, isMine });
      const step = nextStep(entry, inCloud(cloud));
      if (step.kind !== 'update' || step.conflicts !== undefined) return;
      const after = { ...step.body, metadata: { ...(step.body.metadata as JsonObject), resourceVersion: '21' } };
      t.deepEqual(nextStep(entry, after), { kind: 'done', reason: 'applied' });
    }),
    { numRuns: 1000 },
  );
});

test('nothing is put there without the version and the uid of what was looked at', (t) => {
  fc.assert(
    fc.property(given, ({ base, edge, cloud, conflict, isMine }) => {
      const step = nextStep(updated({ base, edge, conflict, isMine }), inCloud(cloud));
      if (step.kind !== 'update') return;
      const { resourceVersion, uid } = step.body.metadata as JsonObject;
      t.deepEqual([resourceVersion, uid], ['20', 'uid-1']);
    }),
    { numRuns: 500 },
  );
});

test('what is owed of one object is never put onto another of the same name', (t) => {
  const cloud = objectOf('web', { uid: 'uid-2', version: '20', data: {} });
  for (const conflict of ['cloud-wins', 'park'] as const) {
    const step = nextStep(entryOf({ conflict }), cloud);
    t.deepEqual(step, { kind: 'park', reason: 'another object has taken its name in the cloud' });
    t.deepEqual(nextStep(entryOf({ op: 'delete', conflict }), cloud), { kind: 'done', reason: 'superseded' });
  }
  for (const writeClass of ['pod-status', 'pod-delete'] as const) {
    const op = writeClass === 'pod-delete' ? 'delete' : 'update';
    t.deepEqual(
      nextStep(entryOf({ class: writeClass, op }), cloud),
      { kind: 'done', reason: 'superseded' },
      writeClass,
    );
  }
});

test('what was made here is known by the uid that the cloud has given it since', (t) => {
  const before = objectOf('web', { uid: 'edge-1', data: { a: '1' } });
  const after = objectOf('web', { uid: 'edge-1', data: { a: '2' } });
  const cloud = objectOf('web', { uid: 'cloud-7', version: '20', data: { a: '1' } });
  t.is(nextStep(entryOf({ before, after }), cloud).kind, 'park');
  t.is(nextStep(entryOf({ before, after, cloudUid: 'cloud-7' }), cloud).kind, 'update');
  t.deepEqual(nextStep(entryOf({ op: 'delete', before, cloudUid: 'cloud-7' }), cloud), {
    kind: 'delete',
    uid: 'cloud-7',
    version: '20',
  });
});

test('nobody’s edit in the cloud is deleted unseen', (t) => {
  fc.assert(
    fc.property(dataOf, dataOf, fc.constantFrom(...policies), (base, cloud, conflict) => {
      const entry = entryOf({ op: 'delete', before: objectOf('web', { version: '10', data: base }), conflict });
      const step = nextStep(entry, inCloud(cloud));
      const isSame = equalJson(base, cloud);
      t.is(step.kind, isSame || conflict === 'edge-wins' ? 'delete' : 'park');
    }),
    { numRuns: 500 },
  );
});

test('a deletion that finalizers hold up is told as a deletion, after what else was changed', (t) => {
  const before = objectOf('web', { version: '10', data: { a: '1' }, metadata: { finalizers: ['example.com/f'] } });
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  const after = objectOf('web', {
    data: { a: '2' },
    metadata: { finalizers: ['example.com/f'], deletionTimestamp, deletionGracePeriodSeconds: 0 },
  });
  const entry = entryOf({ before, after, cloudVersion: '10' });
  t.deepEqual(firstStep(entry), { kind: 'look' });
  const first = nextStep(entry, before) as Extract<Step, { kind: 'update' }>;
  t.is(first.kind, 'update');
  t.true(first.isFirstOfTwo);
  t.deepEqual(dataIn(first.body), { a: '2' });
  const changed = { ...before, data: { a: '2' } };
  t.deepEqual(nextStep(entry, changed), { kind: 'delete', uid: 'uid-1', version: '10', options: {} });
  const deleting = { ...changed, metadata: { ...(before.metadata as JsonObject), deletionTimestamp } };
  t.deepEqual(nextStep(entry, deleting), { kind: 'done', reason: 'applied' });
  t.deepEqual(nextStep(entry, undefined), { kind: 'done', reason: 'applied' });
});

test('a pod that has ended never lives again', (t) => {
  const pod = (phase: string, version: string): JsonObject => objectOf('web', { version, status: { phase } });
  const entry = (phase: string): OutboxEntry =>
    entryOf({
      class: 'pod-status',
      subresource: 'status',
      conflict: 'edge-wins',
      before: pod('Pending', '10'),
      after: pod(phase, '1000'),
    });
  t.deepEqual(nextStep(entry('Running'), pod('Failed', '20')), { kind: 'done', reason: 'superseded' });
  t.is(nextStep(entry('Succeeded'), pod('Running', '20')).kind, 'update');
});

test('what has vanished in the cloud is made again only where the edge wins; it is never dropped unseen', (t) => {
  t.deepEqual(nextStep(entryOf({ conflict: 'cloud-wins' }), undefined), {
    kind: 'park',
    reason: 'it was changed here and deleted in the cloud',
  });
  t.is(nextStep(entryOf({ conflict: 'edge-wins' }), undefined).kind, 'create');
  t.is(nextStep(entryOf({ class: 'csinode' }), undefined).kind, 'create');
  t.deepEqual(nextStep(entryOf({ class: 'pod-status' }), undefined), { kind: 'done', reason: 'superseded' });
  t.deepEqual(nextStep(entryOf({ op: 'delete' }), undefined), { kind: 'done', reason: 'applied' });
});

test('a new object is sent without what only the cloud gives: uid, version, times', (t) => {
  const metadata = { creationTimestamp: '2026-01-01T00:00:00Z', generation: 1, managedFields: [], labels: { l: '1' } };
  const after = objectOf('web-bcdfg', { uid: 'edge-1', version: '1000', metadata, data: { a: '1' } });
  const step = firstStep(entryOf({ op: 'create', after })) as Extract<Step, { kind: 'create' }>;
  t.deepEqual(step.body, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'web-bcdfg', namespace: 'default', labels: { l: '1' } },
    data: { a: '1' },
  });
});

test('what may have reached the cloud is looked at before anything is sent', (t) => {
  for (const op of ['create', 'update', 'delete'] as const) {
    t.deepEqual(firstStep(entryOf({ op, state: 'sent', cloudVersion: '10' })), { kind: 'look' }, op);
  }
});

test('a new Event is never looked at, for its writer may not read it: it is sent again, and what is there already is enough', (t) => {
  for (const state of ['queued', 'sent'] as const) {
    const made = entryOf({ class: 'event', op: 'create', state, before: undefined });
    const create = firstStep(made);
    t.is(create.kind, 'create');
    t.deepEqual(stepAfterRefusal(made, create, 409), { kind: 'done', reason: 'applied' });
    // Who updates one may not even patch it.
    const put = entryOf({ class: 'event', op: 'update', state, cloudVersion: '10' });
    const update = firstStep(put) as Extract<Step, { kind: 'update' }>;
    t.is(update.kind, 'update');
    t.is((update.body.metadata as JsonObject).resourceVersion, undefined, 'whatever its version');
    t.is(stepAfterRefusal(put, update, 404).kind, 'create', 'it has been forgotten there');
    t.is(stepAfterRefusal(put, update, 409), update);
  }
  const other = entryOf({ cloudVersion: '10' });
  t.deepEqual(stepAfterRefusal(other, firstStep(other), 409), { kind: 'look' });
});

test('an Event that was patched is patched at the version it was patched on, or looked at; a forgotten one is made again', (t) => {
  const counted = { class: 'event', op: 'update', verb: 'patch' } as const;
  const known = entryOf({ ...counted, cloudVersion: '10' });
  const update = firstStep(known) as Extract<Step, { kind: 'update' }>;
  t.is((update.body.metadata as JsonObject).resourceVersion, '10');
  t.deepEqual(stepAfterRefusal(known, update, 409), { kind: 'look' });
  t.is(stepAfterRefusal(known, update, 404).kind, 'create');
  t.deepEqual(firstStep(entryOf({ ...counted, cloudVersion: '' })), { kind: 'look' }, 'on top of one that is owed');
  t.deepEqual(firstStep(entryOf({ ...counted, cloudVersion: '10', state: 'sent' })), { kind: 'look' });
  t.is(nextStep(known, undefined).kind, 'create');
});
