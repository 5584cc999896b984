import test from 'ava';
import fc from 'fast-check';
import {
  type LoadedScopes,
  memberKey,
  numberAfter,
  numberText,
  putProgress,
  putRecord,
  scopesIn,
  strayRecords,
} from '../../src/cache/scope-layout.ts';
import { podList } from '../support/sample-objects.ts';

const scope = {
  gvr: { group: '', version: 'v1', resource: 'pods' },
  namespace: '',
  labelSelector: '',
  fieldSelector: '',
};
const progress = { resourceVersion: '9', floor: '9', confirmedAt: 1, members: 0 };
const keyOf = (change: { readonly key: string }): string => change.key;
const none = Buffer.alloc(0);

/** Scopes of these numbers, each with these members, on a disk. */
function loaded(scopes: ReadonlyMap<number, readonly string[]>): LoadedScopes {
  const numbers = [...scopes.keys()].map(numberText);
  const records = numbers.flatMap((number) => [
    putRecord(number, { scope, listType: podList }),
    putProgress(number, progress),
  ]);
  return {
    bodies: new Map([...scopes.values()].flat().map((member) => [member, Buffer.from('{}')])),
    memberKeys: [...scopes].flatMap(([number, members]) =>
      members.map((member) => memberKey(numberText(number), member)),
    ),
    scopes: new Map(records.map((change) => [change.key, ('value' in change && change.value) || none])),
  };
}

const members = fc.uniqueArray(fc.constantFrom('default/a', 'default/b', '/node-1', 'kube-system/c.progress'), {
  maxLength: 4,
});
const scopes = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 5000 }), members), { selector: ([number]) => number, maxLength: 6 })
  .map((entries) => new Map(entries));

test('each scope comes back with its members and how far it had come, and its number is not given out again', (t) => {
  fc.assert(
    fc.property(scopes, (known) => {
      const all = loaded(known);
      const found = scopesIn(all);
      t.is(found.length, known.size);
      for (const { number, progress: come, members: held } of found) {
        t.deepEqual(held, known.get(Number.parseInt(number, 36)));
        t.not(come, undefined);
        t.true(Number.parseInt(number, 36) < numberAfter(all));
      }
    }),
  );
});

test('what belongs to no scope that came back is taken away, all of it and nothing else', (t) => {
  fc.assert(
    fc.property(scopes, fc.func(fc.boolean()), (known, isBack) => {
      const back = new Map([...known].filter(([number]) => isBack(number)));
      const held = new Set<string>([...back.values()].flat());
      const all = loaded(known);
      const taken = strayRecords(all, new Set([...back.keys()].map(numberText)), (key) => held.has(key)).map(keyOf);
      const left = (keys: Iterable<string>) => [...keys].filter((key) => !taken.includes(key)).sort();
      const kept = loaded(back);
      t.deepEqual(left(all.memberKeys), [...kept.memberKeys].sort());
      t.deepEqual(left(all.scopes.keys()), [...kept.scopes.keys()].sort());
      t.deepEqual(left(all.bodies.keys()), [...kept.bodies.keys()].sort());
    }),
  );
});
