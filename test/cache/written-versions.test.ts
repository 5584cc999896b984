import test from 'ava';
import fc from 'fast-check';
import { WrittenVersions } from '../../src/cache/written-versions.ts';

const maps = { group: '', version: 'v1', resource: 'configmaps' };
const pods = { group: '', version: 'v1', resource: 'pods' };

test('a version counts as reached when no write to that resource and namespace was answered with a higher one', (t) => {
  const write = fc.record({
    gvr: fc.constantFrom(maps, pods),
    namespace: fc.constantFrom('a', 'b'),
    version: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(fc.array(write), write, fc.boolean(), (writes, read, isAll) => {
      const written = new WrittenVersions();
      for (const { gvr, namespace, version } of writes) written.see(gvr, namespace, String(version));
      const namespace = isAll ? '' : read.namespace;
      const newer = writes.filter((one) => one.gvr === read.gvr && (isAll || one.namespace === read.namespace));
      t.is(
        written.isReached(read.gvr, namespace, String(read.version)),
        newer.every(({ version }) => version <= read.version),
      );
    }),
    { numRuns: 500 },
  );
});

test('what was written to another cluster keeps no reader of this one waiting', (t) => {
  const written = new WrittenVersions();
  written.see(maps, 'a', '200');
  written.clear();
  t.true(written.isReached(maps, 'a', '3'));
  t.true(written.isReached(maps, '', '3'));
});
