import test from 'ava';
import fc from 'fast-check';
import { type OutboxEntry, targetPath } from '../../../src/cache/outbox/entry.ts';
import { OutboxIndex } from '../../../src/cache/outbox/outbox-index.ts';
import { replayOrder } from '../../../src/cache/outbox/replay-order.ts';
import type { WriteClass } from '../../../src/cache/writes/policy.ts';
import { entryOf, objectOf } from '../../support/outbox-entries.ts';

/** As the outbox gives them. */
function inTurn(entries: readonly OutboxEntry[]): ReturnType<typeof replayOrder> {
  const index = new OutboxIndex();
  for (const entry of entries) index.put(entry, 1);
  return replayOrder(index.pendingByObject);
}

const classes: readonly WriteClass[] = ['node-status', 'pod-status', 'pod-delete', 'csinode', 'user', 'event'];

const entries: fc.Arbitrary<readonly OutboxEntry[]> = fc
  .array(fc.record({ class: fc.constantFrom(...classes), name: fc.constantFrom('a', 'b', 'c') }), { maxLength: 20 })
  .map((samples) => samples.map((sample, index) => entryOf({ ...sample, sequence: index + 1 })));

test('every entry has its turn once, and those of one object stay in the order in which they were written', (t) => {
  fc.assert(
    fc.property(entries, (given) => {
      const chains = inTurn(given);
      t.deepEqual(
        chains.flat().toSorted((a, b) => a.sequence - b.sequence),
        [...given],
      );
      for (const chain of chains) {
        t.is(new Set(chain.map(({ target }) => targetPath(target))).size, 1);
        t.deepEqual(
          chain,
          chain.toSorted((a, b) => a.sequence - b.sequence),
        );
      }
      t.is(new Set(chains.map(([head]) => targetPath(head!.target))).size, chains.length, 'one chain for each object');
    }),
    { numRuns: 500 },
  );
});

test('the node first, then what ends pods, then the others’ status, then users, Events last', (t) => {
  const order: readonly (readonly [WriteClass, string])[] = [
    ['event', 'e'],
    ['user', 'u'],
    ['pvc-status', 'claim'],
    ['pod-status', 'running'],
    ['pod-delete', 'gone'],
    ['node-status', 'edge-1'],
  ];
  const written = order.map(([writeClass, name], index) => entryOf({ class: writeClass, name, sequence: index + 1 }));
  const ended = entryOf({
    class: 'pod-status',
    name: 'ended',
    sequence: 7,
    after: objectOf('ended', { status: { phase: 'Succeeded' } }),
  });
  t.deepEqual(
    inTurn([...written, ended]).map(([head]) => head!.target.name),
    ['edge-1', 'gone', 'ended', 'running', 'claim', 'u', 'e'],
  );
});

test('a pod’s last status goes with its deletion, before the status of pods that live', (t) => {
  const status = entryOf({ class: 'pod-status', name: 'a', sequence: 2 });
  const gone = entryOf({ class: 'pod-delete', op: 'delete', name: 'a', sequence: 3 });
  const other = entryOf({ class: 'pod-status', name: 'b', sequence: 1 });
  t.deepEqual(
    inTurn([other, status, gone]).map((chain) => chain.map(({ sequence }) => sequence)),
    [[2, 3], [1]],
  );
});
