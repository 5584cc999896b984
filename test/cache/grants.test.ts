import test from 'ava';
import fc from 'fast-check';
import { CloudTime } from '../../src/cache/cloud-time.ts';
import { type Grant, Grants } from '../../src/cache/grants.ts';
import { Notes } from '../../src/cache/notes.ts';
import { ManualTiming } from '../support/manual-timing.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const lifetimeMs = 30 * 24 * 3_600_000;
const gvr = { group: '', version: 'v1', resource: 'configmaps' };
const update: Grant = { verb: 'update', gvr, namespace: 'default', name: 'web', subresource: '' };

async function open(records = new MemoryRecords(), timing = new ManualTiming()) {
  const notes = new Notes(records, () => {});
  const time = new CloudTime(timing);
  const grants = new Grants({ notes, time, lifetimeMs });
  for (const [key, value] of await notes.load('grant')) grants.restore(value, key);
  return { grants, notes, records, timing, time };
}

test('what the cloud allowed is allowed for that identity, verb, resource, namespace, name and part, and nothing else', async (t) => {
  const { grants } = await open();
  grants.see('sa:default:writer', update);
  t.true(grants.has('sa:default:writer', update));
  const others: readonly (readonly [string, Grant])[] = [
    ['sa:default:other', update],
    ['sa:default:writer', { ...update, verb: 'patch' }],
    ['sa:default:writer', { ...update, verb: 'delete' }],
    ['sa:default:writer', { ...update, namespace: 'kube-system' }],
    ['sa:default:writer', { ...update, name: 'other' }],
    ['sa:default:writer', { ...update, subresource: 'status' }],
    ['sa:default:writer', { ...update, gvr: { ...gvr, resource: 'secrets' } }],
    ['sa:default:writer', { ...update, gvr: { ...gvr, group: 'example.com' } }],
  ];
  for (const [identity, grant] of others) t.false(grants.has(identity, grant), JSON.stringify([identity, grant]));
});

test('no two grants are taken for one, whatever their words', async (t) => {
  const word = fc.constantFrom('a', 'b', 'a b', 'a/b', '', '/');
  const some = fc.record({ verb: fc.constantFrom('update', 'patch'), namespace: word, name: word, subresource: word });
  await fc.assert(
    fc.asyncProperty(some, some, async (one, other) => {
      const { grants } = await open();
      const isName = (text: string): boolean => /^[a-z]*$/.test(text);
      fc.pre([one, other].every(({ namespace, name, subresource }) => [namespace, name, subresource].every(isName)));
      grants.see('sa', { ...one, gvr });
      t.is(grants.has('sa', { ...other, gvr }), JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 300 },
  );
});

test('a creation is allowed whatever its name, as the cloud judges it', async (t) => {
  const { grants } = await open();
  grants.see('sa', { ...update, verb: 'create', name: '' });
  t.true(grants.has('sa', { ...update, verb: 'create', name: 'another' }));
});

test('a grant lasts over a restart and ends with its time, or with a 403 for good', async (t) => {
  const { grants, notes, records, timing } = await open();
  grants.see('sa', update);
  grants.see('sa', { ...update, name: 'other' });
  await notes.idle();
  const next = await open(records.afterCrash(), timing);
  t.true(next.grants.has('sa', update));
  next.grants.lose('sa', update);
  t.false(next.grants.has('sa', update));
  await next.notes.idle();
  const last = await open(next.records.afterCrash(), timing);
  t.false(last.grants.has('sa', update));
  t.true(last.grants.has('sa', { ...update, name: 'other' }));
  timing.advance(lifetimeMs);
  t.false(last.grants.has('sa', { ...update, name: 'other' }));
});

test('what the cloud allowed the node itself does not end with a time, only with a 403', async (t) => {
  const { grants, timing } = await open();
  grants.see('node', update);
  timing.advance(100 * lifetimeMs);
  t.true(grants.has('node', update));
  grants.lose('node', update);
  t.false(grants.has('node', update));
});

test('what has ended is gone from memory and disk, once the time is certain; what the node may do stays', async (t) => {
  const { grants, notes, records, timing, time } = await open();
  grants.see('sa', update);
  grants.see('node', update);
  timing.advance(lifetimeMs);
  grants.see('sa', { ...update, name: 'lately' });
  grants.tidy();
  await notes.idle();
  t.is(records.keys('grant').length, 3, 'a clock that may be wrong ends nothing for good');
  time.heard(new Date(timing.wallClock()).toUTCString());
  grants.tidy();
  await notes.idle();
  t.deepEqual(
    records.keys('grant').map((key) => key.split(' ')[0]),
    ['node', 'sa'],
  );
  t.true(grants.has('sa', { ...update, name: 'lately' }));
});

test('what is seen again and again is written down once an hour', async (t) => {
  const { grants, records, timing, notes } = await open();
  for (let minute = 0; minute < 60; minute += 1) {
    grants.see('sa', update);
    timing.advance(59_000);
  }
  await notes.idle();
  t.is(records.batches.length, 1);
  timing.advance(60_000);
  grants.see('sa', update);
  await notes.idle();
  t.is(records.batches.length, 2);
});

test('of another cluster no grant is left, nor comes back', async (t) => {
  const { grants, notes, records } = await open();
  grants.see('sa', update);
  grants.clear();
  await notes.idle();
  t.false(grants.has('sa', update));
  t.deepEqual(records.keys('grant'), []);
});
