import test from 'ava';
import fc from 'fast-check';
import { ToldVersions } from '../../src/cache/told-versions.ts';
import { pod } from '../support/sample-objects.ts';

const limits = { events: 1000, bytes: 10_000_000 };

/** The cloud is heard to have come to one version, and clients are told of another, given out here. */
function told(cloud: number, shown = cloud): ToldVersions {
  const versions = new ToldVersions(limits);
  versions.begin({ resourceVersion: String(cloud), cloudVersion: String(cloud), floor: String(cloud) });
  if (shown > cloud) {
    const change = { type: 'ADDED', object: pod({ name: 'a', version: shown }), previous: undefined } as const;
    versions.tell([change], { resourceVersion: String(shown), isOwn: true });
  }
  return versions;
}

const version = fc.integer({ min: 1, max: 30 });
const span = fc.tuple(version, version).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

test('nobody goes on from a refused version, but from the newest, which was told of what is shown now', (t) => {
  fc.assert(
    fc.property(version, fc.array(span, { maxLength: 5 }), (newest, spans) => {
      const versions = told(newest);
      versions.refuse(spans.map(({ from, to }) => ({ from: String(from), to: String(to) })));
      for (let asked = 1; asked < newest; asked += 1) {
        const isRefused = spans.some(({ from, to }) => from <= asked && asked <= to);
        if (isRefused) t.true(versions.ring.isInLeap(String(asked)), `${asked}`);
      }
      t.not(versions.ring.sequenceAfter(String(newest)), undefined);
    }),
  );
});

test('versions given out here run ahead of the cloud’s, which stays until the cloud is heard', (t) => {
  const versions = told(10, 15);
  t.is(versions.resourceVersion, '15');
  t.is(versions.cloudVersion, '10');
  t.true(versions.isAhead);
  t.true(versions.isBelow('16'));
  t.false(versions.isBelow('15'));
  versions.tell([], { resourceVersion: '15', cloudVersion: '15' });
  t.false(versions.isAhead);
});

test('between the version before and that of a reading anew nobody goes on: from the cloud’s, where clients were told more', (t) => {
  const even = told(10);
  even.leapTo('20');
  t.deepEqual(
    [10, 11, 19, 20].map((one) => even.ring.isInLeap(String(one))),
    [false, true, true, false],
  );
  const ahead = told(10, 15);
  ahead.leapTo('20');
  t.deepEqual(
    [10, 12, 15, 19, 20].map((one) => ahead.ring.isInLeap(String(one))),
    [false, true, true, true, false],
  );
});

test('what an earlier life told below its last change is not known: nobody goes on from there', (t) => {
  const versions = told(3);
  const before = versions.ring;
  versions.beginAfter({ resourceVersion: '20', cloudVersion: '20', floor: '12' });
  t.not(versions.ring, before);
  t.true(versions.ring.isInLeap('11'));
  t.false(versions.ring.isInLeap('12'));
  versions.begin();
  t.is(versions.resourceVersion, '');
  t.false(versions.ring.isInLeap('11'));
});
