import test from 'ava';
import fc from 'fast-check';
import { ShownSpans } from '../../../src/cache/outbox/shown-spans.ts';
import { MemoryRecords } from '../../support/memory-records.ts';
import { pods } from '../../support/sample-objects.ts';
import { settled } from '../../support/scripted-transport.ts';

const nodes = { group: '', version: 'v1', resource: 'nodes' };

async function restored(records: MemoryRecords, newestOwed = ''): Promise<ShownSpans> {
  const spans = new ShownSpans({ records });
  await spans.restore(newestOwed);
  return spans;
}

test('every version under which something was shown is in a span, and none that is far from all of them', (t) => {
  const rising = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 }).map((steps) => {
    let version = 1000;
    return steps.map((step) => {
      version += step;
      return version;
    });
  });
  fc.assert(
    fc.property(rising, (given) => {
      const spans = new ShownSpans({ records: new MemoryRecords() });
      for (const version of given) spans.begin(pods, String(version));
      for (const version of given) t.true(spans.has(pods, String(version)));
      const end = given.at(-1)!;
      for (let version = 990; version < end + 50; version += 1) {
        if (given.every((one) => Math.abs(one - version) > 16)) t.false(spans.has(pods, String(version)));
      }
      t.false(spans.has(nodes, String(end)));
    }),
  );
});

test('what is read anew is shown under its own version, or under one that nobody has of another state', (t) => {
  const spans = new ShownSpans({ records: new MemoryRecords() });
  for (const version of ['100', '101', '200']) spans.begin(pods, version);
  t.is(spans.versionAbove(pods, '150'), '150');
  t.is(spans.versionAbove(nodes, '100'), '100');
  t.is(spans.versionAbove(pods, '200'), '201');
  t.is(spans.versionAbove(pods, '200'), '202', 'that one was given out since');
});

test('a later life knows under which versions something was shown, also of what the outbox has forgotten', async (t) => {
  const records = new MemoryRecords();
  const spans = await restored(records);
  spans.begin(pods, '100');
  spans.begin(pods, '101');
  spans.gaveOut(nodes, '300');
  await settled();
  const afterCrash = await restored(records.afterCrash(), '110');
  t.true(afterCrash.has(pods, '110'), 'something was shown until the end, and the outbox had come so far');
  t.true(afterCrash.has(nodes, '300'));
  t.false(afterCrash.has(nodes, '301'));
  spans.end(pods);
  await settled();
  const afterEnd = await restored(records.afterCrash(), '110');
  t.true(afterEnd.has(pods, '101'));
  t.false(afterEnd.has(pods, '102'));
});

test('while something is shown, one write after the other costs the disk nothing more', async (t) => {
  const records = new MemoryRecords();
  const spans = await restored(records);
  for (let version = 100; version < 200; version += 1) spans.begin(pods, String(version));
  await settled();
  t.is(records.batches.length, 1);
});

test('of another cluster nothing was shown, and what cannot be read is as if it were not there', async (t) => {
  const records = new MemoryRecords();
  const spans = await restored(records);
  spans.begin(pods, '100');
  spans.clear();
  await settled();
  t.false(spans.has(pods, '100'));
  t.false((await restored(records.afterCrash())).has(pods, '100'));
  await records.write([{ type: 'put', space: 'meta', key: 'shown-spans', value: Buffer.from('[["v1/pods",{}]]') }]);
  t.deepEqual((await restored(records)).of(pods), []);
});
