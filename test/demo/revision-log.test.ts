import test from 'ava';
import fc from 'fast-check';
import type { Document } from '../../src/demo/document.ts';
import { definitionOfKey } from '../../src/demo/resource-definitions.ts';
import { CompactedError, RevisionLog } from '../../src/demo/revision-log.ts';
import { type StoredObject, storedObject } from '../../src/demo/stored-object.ts';

const configMaps = definitionOfKey('v1/configmaps');

function configMap(name: string, revision: number): StoredObject {
  const document: Document = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name, namespace: 'n', uid: name, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' },
  };
  return storedObject(configMaps, document, revision);
}

type Step =
  | { readonly kind: 'put' | 'delete'; readonly name: string }
  | { readonly kind: 'compact'; readonly back: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constantFrom('put' as const, 'delete' as const),
        name: fc.constantFrom('a', 'b', 'c'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(5) }) },
  ),
  { maxLength: 60 },
);

/** Runs the steps and remembers, by revision, which object stood at which revision then. */
function play(log: RevisionLog, run: readonly Step[]): Map<number, Record<string, number>> {
  const moments = new Map<number, Record<string, number>>([[log.current, {}]]);
  const present: Record<string, number> = {};
  for (const step of run) {
    if (step.kind === 'compact') {
      log.compact(log.current - step.back);
      continue;
    }
    const { name } = step;
    if (step.kind === 'delete' && present[name] === undefined) continue;
    const type = step.kind === 'delete' ? 'DELETED' : present[name] === undefined ? 'ADDED' : 'MODIFIED';
    log.append(type, configMaps, `n/${name}`, (revision) => configMap(name, revision));
    if (type === 'DELETED') delete present[name];
    else present[name] = log.current;
    moments.set(log.current, { ...present });
  }
  return moments;
}

test('a list at any revision that is not compacted shows exactly what was there then', (t) => {
  fc.assert(
    fc.property(steps, (run) => {
      const log = new RevisionLog(10, 1_000);
      for (const [revision, then] of play(log, run)) {
        if (revision < log.compacted) {
          t.throws(() => log.list(configMaps, revision), { instanceOf: CompactedError });
          continue;
        }
        const listed = log.list(configMaps, revision).map(({ name, revision: at }) => [name, at]);
        t.deepEqual(Object.fromEntries(listed), then);
      }
    }),
  );
  t.pass();
});

test('the events after a revision lead from what was there then to what is there now', (t) => {
  fc.assert(
    fc.property(steps, (run) => {
      const log = new RevisionLog(10, 1_000);
      const moments = play(log, run);
      for (const [revision, then] of moments) {
        if (revision < log.compacted) {
          t.throws(() => log.eventsSince(configMaps, revision), { instanceOf: CompactedError });
          continue;
        }
        const state = { ...then };
        for (const event of log.eventsSince(configMaps, revision)) {
          t.is(event.previous?.revision, state[event.object.name]);
          if (event.type === 'DELETED') delete state[event.object.name];
          else state[event.object.name] = event.revision;
        }
        t.deepEqual(state, moments.get(log.current));
      }
    }),
  );
  t.pass();
});

test('history is bounded: the oldest changes are compacted by themselves', (t) => {
  const log = new RevisionLog(0, 100);
  play(
    log,
    Array.from({ length: 1_000 }, () => ({ kind: 'put' as const, name: 'a' })),
  );
  t.true(log.current - log.compacted <= 125);
  t.throws(() => log.eventsSince(configMaps, 1), { instanceOf: CompactedError });
  t.is(log.list(configMaps).length, 1);
});
