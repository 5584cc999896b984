import test from 'ava';
import { Rights, type SeenRight } from '../../src/cache/rights.ts';
import { scopeText } from '../../src/cache/scope.ts';
import { podScope } from '../support/sample-objects.ts';

const hour = 3_600_000;
const day = 24 * hour;
const all = podScope();
const inA = podScope({ namespace: 'a' });

test('nobody has a right that was not seen', (t) => {
  const rights = new Rights(30 * day);
  t.false(rights.has('node', all, 0));
  rights.see('sa:a:one', all, 0);
  t.false(rights.has('sa:a:two', all, 0));
});

test('a right to a scope is a right to what it covers, and to nothing wider', (t) => {
  const rights = new Rights(30 * day);
  rights.see('node', inA, 0);
  t.true(rights.has('node', inA, 1));
  t.true(rights.has('node', podScope({ namespace: 'a', fields: 'metadata.name=p' }), 1));
  t.false(rights.has('node', all, 1));
  t.false(rights.has('node', podScope({ namespace: 'b' }), 1));
});

test('a right ends a lifetime after it was last seen', (t) => {
  const rights = new Rights(30 * day);
  rights.see('sa:a:one', all, 0);
  rights.see('sa:a:one', all, 10 * day);
  t.true(rights.has('sa:a:one', all, 40 * day - 1));
  t.false(rights.has('sa:a:one', all, 40 * day));
});

test('a right that is seen all the time does not end, however short its lifetime', (t) => {
  const rights = new Rights(hour);
  for (let now = 0; now <= 3 * day; now += hour / 2) {
    rights.see('sa:a:one', all, now);
    t.true(rights.has('sa:a:one', all, now + hour - 1), `seen at ${now / hour} h`);
  }
});

test('a right is news when it is new and then once a day, or often enough for a shorter lifetime', (t) => {
  const rights = new Rights(30 * day);
  t.true(rights.see('node', all, 0));
  t.false(rights.see('node', all, 1));
  t.false(rights.see('node', all, day - 1));
  t.true(rights.see('node', all, day));
  t.false(rights.see('node', all, day + 1));
  t.true(rights.see('node', inA, day + 1), 'another scope is another right');

  const short = new Rights(4 * hour);
  t.true(short.see('node', all, 0));
  t.true(short.see('node', all, 2 * hour), 'what is on disk must not end before the right does');
});

test('what was noted is enough to have the right after a restart, as long as it was seen often', (t) => {
  for (const lifetime of [2 * hour, 30 * day]) {
    const rights = new Rights(lifetime);
    let noted: SeenRight | undefined;
    for (let now = 0; now < 40 * day; now += hour / 4) {
      if (rights.see('sa:a:one', all, now)) noted = { identity: 'sa:a:one', scope: scopeText(all), seenAt: now };
      const restarted = new Rights(lifetime);
      restarted.restore(noted!);
      if (!restarted.has('sa:a:one', all, now)) t.fail(`lost at ${now / hour} h of a lifetime of ${lifetime / hour} h`);
    }
  }
  t.pass();
});

test('a refusal takes the right to the scope and to every scope that covers it', (t) => {
  const rights = new Rights(30 * day);
  rights.see('node', all, 0);
  rights.see('node', inA, 0);
  rights.see('node', podScope({ namespace: 'b' }), 0);
  rights.see('other', all, 0);
  const lost = rights.lose('node', inA);
  t.deepEqual(lost.map(({ id }) => id).sort(), [all.id, inA.id].sort());
  t.false(rights.has('node', inA, 1));
  t.false(rights.has('node', all, 1));
  t.true(rights.has('node', podScope({ namespace: 'b' }), 1), 'nothing was said about this one');
  t.true(rights.has('other', inA, 1));
  t.deepEqual(rights.lose('node', inA), []);
});

test('a refusal of everything leaves the right to a part', (t) => {
  const rights = new Rights(30 * day);
  rights.see('node', inA, 0);
  rights.lose('node', all);
  t.true(rights.has('node', inA, 1));
});

test('a clock that jumps back makes no right older', (t) => {
  const rights = new Rights(30 * day);
  rights.see('node', all, 100 * day);
  t.true(rights.has('node', all, 50 * day));
});

test('a clock that was far ahead does not make a right last for years', (t) => {
  const rights = new Rights(30 * day);
  rights.see('sa:a:one', all, 10_000 * day);
  rights.see('sa:a:one', all, 50 * day);
  t.true(rights.has('sa:a:one', all, 79 * day));
  t.false(rights.has('sa:a:one', all, 81 * day));
});

test('pruning gives back what has ended, for the disk, and nothing else', (t) => {
  const rights = new Rights(30 * day);
  rights.see('sa:a:one', all, 0);
  rights.see('sa:a:one', inA, 20 * day);
  t.deepEqual(rights.prune(29 * day), []);
  t.deepEqual(rights.prune(31 * day), [{ identity: 'sa:a:one', scopeId: all.id }]);
  t.deepEqual(rights.prune(31 * day), []);
  t.true(rights.has('sa:a:one', inA, 31 * day));
});

test('who may read a scope is known', (t) => {
  const rights = new Rights(30 * day);
  rights.see('node', all, 0);
  rights.see('sa:a:x', inA, 0);
  rights.see('sa:b:x', podScope({ namespace: 'b' }), 0);
  t.deepEqual(rights.identitiesOf(inA, 1), ['node', 'sa:a:x']);
});

test('all rights can be forgotten at once', (t) => {
  const rights = new Rights(30 * day);
  rights.see('node', all, 0);
  rights.see('sa:a:x', inA, 0);
  t.deepEqual(rights.clear(), [
    { identity: 'node', scopeId: all.id },
    { identity: 'sa:a:x', scopeId: inA.id },
  ]);
  t.false(rights.has('node', all, 1));
});

test('what the node itself may read does not end by its age, only by a refusal', (t) => {
  const rights = new Rights(30 * day);
  rights.see('node', all, 0);
  rights.see('node', inA, 0);
  rights.see('as:the-node-as-somebody', all, 0);
  t.true(rights.has('node', all, 4000 * day));
  t.deepEqual(rights.identitiesOf(all, 4000 * day), ['node']);
  t.deepEqual(rights.prune(4000 * day), [{ identity: 'as:the-node-as-somebody', scopeId: all.id }]);
  rights.lose('node', all);
  t.false(rights.has('node', all, 1));
  t.true(rights.has('node', inA, 4000 * day));
});
