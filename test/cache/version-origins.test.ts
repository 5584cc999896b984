import test from 'ava';
import fc from 'fast-check';
import type { FollowedScope } from '../../src/cache/followed-scope.ts';
import { scopeOf } from '../../src/cache/scope.ts';
import { VersionOrigins } from '../../src/cache/version-origins.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
const events = { group: '', version: 'v1', resource: 'events' };

/** Its last event led to the version that is shown, and the one before that to 13. */
function scopeAt(cloudVersion: number, shown: number, gvr = pods): FollowedScope {
  const scope = scopeOf({ gvr, namespace: '', labelSelector: '', fieldSelector: '' });
  const snapshot = { hasStoodAt: (version: string) => [13, shown].includes(Number(version)) };
  return { scope, snapshot, cloudVersion: String(cloudVersion), resourceVersion: String(shown) } as FollowedScope;
}

const version = fc.integer({ min: 1, max: 20 });

test('a version is ahead of a scope exactly when it is the cloud’s and the scope has not heard of it', (t) => {
  fc.assert(
    fc.property(version, version, fc.array(version), version, (cloud, above, givenOut, asked) => {
      const spans = { has: (_: unknown, one: string) => givenOut.includes(Number(one)) };
      const origins = new VersionOrigins({ versions: { newest: '20' }, spans });
      const isAhead = asked > cloud && !givenOut.includes(asked);
      t.is(origins.isAhead(scopeAt(cloud, cloud + above), String(asked)), isAhead);
      t.false(origins.isAhead(scopeAt(cloud, cloud, events), String(asked)), 'of Events the streams are not compared');
    }),
  );
});

test('beside a scope is what it has not heard while it shows versions given out here; a scope in step hears it yet', (t) => {
  const origins = new VersionOrigins({ versions: { newest: '20' }, spans: { has: () => true } });
  t.true(
    origins.isBeside(scopeAt(10, 15), '12'),
    'what was given out here for another scope is the cloud’s for this one',
  );
  t.true(origins.isBeside(scopeAt(10, 15), '16'));
  t.false(origins.isBeside(scopeAt(10, 15), '13'), 'it has stood there');
  t.false(origins.isBeside(scopeAt(10, 15), '15'));
  t.false(origins.isBeside(scopeAt(10, 15, events), '12'), 'of Events the streams are not compared');
  t.false(origins.isBeside(scopeAt(10, 15), '9'));
  t.false(origins.isBeside(scopeAt(10, 10), '12'));
});

test('of another past is what nobody has heard the cloud come to, or what is beside the scope', (t) => {
  const origins = new VersionOrigins({ versions: { newest: '20' }, spans: { has: () => false } });
  t.true(origins.isOfAnotherPast(scopeAt(10, 10), '21'));
  t.false(origins.isOfAnotherPast(scopeAt(10, 10), '20'), 'another scope has heard of it');
  t.true(origins.isOfAnotherPast(scopeAt(10, 15), '12'));
});
