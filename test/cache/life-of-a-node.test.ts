// Whole lives of the cache against a model of the cluster: changes, cuts, compactions, relists, full disks and crashes in
// any order. Whatever is shown is the truth at the version it is shown at, before and after a restart.
import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { nodeCredential } from '../../src/cache/credential.ts';
import { type Scope, scopeMatches } from '../../src/cache/scope.ts';
import { CacheStage } from '../support/cache-stage.ts';
import { ModelInformer } from '../support/model-informer.ts';
import { podScope } from '../support/sample-objects.ts';
import { settled } from '../support/scripted-transport.ts';

const followed = [podScope(), podScope({ labels: 'app=x' })];
const watched = [...followed, podScope({ labels: 'app!=x' }), podScope({ fields: 'metadata.name=a' })];

const changes = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('put'), name: fc.constantFrom('a', 'b'), app: fc.constantFrom('x', 'y') }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete'), name: fc.constantFrom('a', 'b') }) },
);
const circumstances = fc.constantFrom(
  'elsewhere',
  'bookmark',
  'cut',
  'lose history',
  'relist',
  'turn link',
  'turn disk full or free',
  'turn disk slow or quick',
  'crash',
  'crash',
  'clients leave or come back',
  'clients list the cloud',
);
const action = fc.oneof(
  changes,
  circumstances.map((type) => ({ type })),
);

interface Action {
  readonly type: string;
  readonly name?: string;
  readonly app?: string;
  readonly batches?: number;
}

interface Node {
  stage: CacheStage;
  readonly informers: readonly ModelInformer[];
  areClientsAway: boolean;
  isDiskSlow: boolean;
}

/**
 * Every complete scope holds exactly the objects of its version, each as it was then; or, when the disk had it from another
 * scope at the last crash, as it was later.
 */
function check({ cache, cloud }: CacheStage): void {
  for (const scope of followed) {
    const one = cache.scopes.get(scope.id);
    if (one?.isComplete !== true) continue;
    const version = Number(one.resourceVersion);
    const shown = Object.fromEntries(one.snapshot.sorted().map((object) => [object.key, object.resourceVersion]));
    const truth = [...cloud.stateAt(version).values()].filter((object) => scopeMatches(scope, object));
    const expected = truth.map(({ key, resourceVersion }) => {
      const later = Number(shown[key]);
      const isLater = later > version && cloud.stateAt(later).get(key)?.resourceVersion === shown[key];
      return [key, isLater ? shown[key] : resourceVersion];
    });
    assert.deepEqual(shown, Object.fromEntries(expected.sort()), `${scope.id} at ${version}`);
  }
}

function truthOf(stage: CacheStage, scope: Scope): Record<string, string> {
  const now = [...stage.cloud.stateAt(stage.cloud.version).values()].filter((object) => scopeMatches(scope, object));
  return Object.fromEntries(now.map(({ key, uid, resourceVersion }) => [key, `${uid}@${resourceVersion}`]));
}

async function take(node: Node, { type, name = '', app = '', batches = 0 }: Action): Promise<void> {
  const { cloud, records, link, cache } = node.stage;
  if (type === 'put') cloud.put(name, { app });
  if (type === 'delete') cloud.delete(name);
  if (type === 'elsewhere') cloud.elsewhere();
  if (type === 'bookmark') cloud.bookmarkAll();
  if (type === 'cut' || type === 'lose history') cloud.cut();
  if (type === 'lose history') cloud.compact();
  if (type === 'relist') relist(node.stage);
  if (type === 'turn link') {
    cloud.isReachable = !cloud.isReachable;
    if (!cloud.isReachable) cloud.cut();
    link.set(cloud.isReachable);
  }
  if (type === 'turn disk full or free') {
    records.failure = records.failure === undefined ? new Error('full') : undefined;
    const tidied = cache.tidy();
    if (!node.isDiskSlow) await tidied;
  }
  if (type === 'turn disk slow or quick') {
    node.isDiskSlow = !node.isDiskSlow;
    if (node.isDiskSlow) records.hold();
    else records.release();
  }
  if (type === 'stop the disk') {
    node.isDiskSlow = true;
    records.holdAfter(batches);
  }
  if (type === 'crash') {
    node.stage = await node.stage.crash();
    node.stage.link.set(cloud.isReachable);
    node.isDiskSlow = false;
  }
  if (type === 'clients leave or come back') node.areClientsAway = !node.areClientsAway;
  if (type === 'crash' || node.areClientsAway) for (const informer of node.informers) informer.disconnect();
  if (type === 'clients list the cloud' && cloud.isReachable) {
    for (const informer of node.informers) informer.take(cloud.version, cloud.stateAt(cloud.version).values());
  }
}

function relist({ cache }: CacheStage): void {
  for (const scope of followed) {
    const one = cache.scopes.get(scope.id);
    one?.freshen('node', nodeCredential).catch(() => undefined); // as the link, the disk and a crash will have it
  }
}

function open({ cache }: CacheStage): void {
  for (const scope of followed) cache.open(scope, 'node', nodeCredential);
}

function clientsStep({ informers, stage, areClientsAway }: Node): void {
  if (!areClientsAway) for (const informer of informers) informer.step(stage.cache);
}

async function live(actions: readonly Action[]): Promise<readonly number[]> {
  const node: Node = {
    stage: await CacheStage.open(),
    informers: watched.map((scope) => new ModelInformer(scope)),
    areClientsAway: false,
    isDiskSlow: false,
  };
  const restored: number[] = [];
  open(node.stage);
  await node.stage.rest();
  for (const one of actions) {
    await take(node, one);
    if (one.type === 'crash') {
      restored.push([...node.stage.cache.scopes.all].length);
      check(node.stage);
      open(node.stage);
    }
    clientsStep(node);
    await node.stage.rest();
    check(node.stage);
    clientsStep(node);
  }
  await end(node);
  return restored;
}

async function end(node: Node): Promise<void> {
  const { stage } = node;
  stage.records.failure = undefined;
  stage.records.release();
  if (!stage.cloud.isReachable) await take(node, { type: 'turn link' });
  await stage.rest();
  stage.cloud.elsewhere();
  stage.cloud.bookmarkAll();
  await settled();
  check(stage);
  for (const informer of node.informers) {
    informer.step(stage.cache);
    assert.deepEqual(Object.fromEntries([...informer.store].sort()), truthOf(stage, informer.scope), informer.scope.id);
  }
  stage.cache.scopes.stopAll();
}

test('whatever is shown is the truth at its version, and clients end up with the truth, through any life', async (t) => {
  const restored: number[] = [];
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 50, size: 'max' }), async (actions) => {
      restored.push(...(await live(actions as readonly Action[])));
    }),
    { numRuns: 300 },
  );
  const whole = restored.filter((scopes) => scopes === followed.length).length;
  t.true(whole > restored.length / 2, 'lives that are about something');
  t.log(`${restored.length} crashes; after ${whole} of them all scopes came back`);
});
