// Which scopes the hub follows for the facts that filters read.
import test from 'ava';
import { readObject } from '../../../src/apimachinery/object.ts';
import type { Cache } from '../../../src/cache/cache.ts';
import { type Scope, scopeOf } from '../../../src/cache/scope.ts';
import { NodeFacts } from '../../../src/hub/filters/node-facts.ts';
import { ResponseFilters } from '../../../src/hub/filters/response-filters.ts';
import { ownNodeScope } from '../../../src/hub/own-node.ts';
import { openCache } from '../../support/cache-stage.ts';
import { ManualLink, ManualTiming } from '../../support/manual-timing.ts';
import { MemoryRecords } from '../../support/memory-records.ts';

const nodes = { group: '', version: 'v1', resource: 'nodes' };
const poolScope = (pool: string): Scope =>
  scopeOf({ gvr: nodes, namespace: '', labelSelector: `apps.openyurt.io/nodepool=${pool}`, fieldSelector: '' });

async function nodeIn(cache: Cache, pool: string | undefined, resourceVersion: string): Promise<void> {
  const labels = pool === undefined ? {} : { 'apps.openyurt.io/nodepool': pool };
  const metadata = { name: 'edge-1', uid: 'u', resourceVersion, labels };
  const object = readObject(nodes, Buffer.from(JSON.stringify({ kind: 'Node', apiVersion: 'v1', metadata })));
  const followed = cache.scopes.get(ownNodeScope('edge-1').id)!;
  const listType = { kind: 'NodeList', apiVersion: 'v1' };
  await followed.replace({ listType, resourceVersion, objects: new Map([[object.key, object]]) }, followed.era);
}

test('the pool that this node has left is not followed any more, however it came to be known', async (t) => {
  const link = new ManualLink();
  link.set(false);
  const timing = new ManualTiming();
  const cloud = { get: () => new Promise<never>(() => {}) };
  const cache = await openCache({ cloud, records: new MemoryRecords(), timing, link });
  t.teardown(() => cache.halt());
  const filters = new ResponseFilters({
    chosen: [{ name: 'service-topology', components: undefined }],
    hub: undefined,
    authority: '',
    nodeName: 'edge-1',
  });
  new NodeFacts(cache, 'edge-1', filters).follow();
  const isPinned = (pool: string): boolean | undefined => cache.scopes.get(poolScope(pool).id)?.isPinned;

  await nodeIn(cache, 'north', '5');
  t.true(isPinned('north'));
  cache.scopes.get(ownNodeScope('edge-1').id)!.expire('history is gone');
  t.true(isPinned('north'), 'it is not known to have left');
  await nodeIn(cache, 'south', '9');
  t.deepEqual([isPinned('north'), isPinned('south')], [false, true]);
  await nodeIn(cache, undefined, '12');
  t.false(isPinned('south'));
  await nodeIn(cache, 'north', '15');
  t.true(isPinned('north'), 'it has come back');

  link.set(true);
  timing.advance(3_600_001);
  await cache.tidy();
  t.deepEqual([isPinned('north'), isPinned('south')], [true, undefined]);
});
