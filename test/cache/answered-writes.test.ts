import test from 'ava';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { nodeCredential } from '../../src/cache/credential.ts';
import type { WriteRequest } from '../../src/cache/writes/write-request.ts';
import { CacheStage } from '../support/cache-stage.ts';
import { ModelCloud } from '../support/model-cloud.ts';
import { ModelInformer } from '../support/model-informer.ts';
import { pod, podScope, pods, podText } from '../support/sample-objects.ts';

const kubelet = {
  identity: 'node',
  userAgent: 'kubelet',
  fieldManager: 'kubelet',
  isNode: true,
  mayWrite: () => true,
};

const scope = podScope();
const named = { gvr: pods, namespace: 'default' };

/** A scope that is followed, of a cloud whose streams bring nothing more. */
async function stageWithSilentStreams(): Promise<CacheStage> {
  const stage = await CacheStage.open();
  stage.cloud.put('a');
  stage.cloud.put('b');
  stage.cache.open(scope, 'node', nodeCredential);
  await stage.rest();
  return stage;
}

const told = (stage: CacheStage) => CacheStage.told(stage.cache.scopes.get(scope.id));

test('what the cloud has answered to writes is shown when it goes away before its stream brings it', async (t) => {
  const stage = await stageWithSilentStreams();
  const informer = new ModelInformer(scope);
  informer.step(stage.cache);
  const answer = { ...named, verb: 'update', search: '' };
  const uid = 'a-101';
  await stage.cache.heard.see(
    { ...answer, verb: 'create', name: '' },
    'node',
    Buffer.from(podText({ name: 'c', version: 106 })),
  );
  await stage.cache.heard.see({ ...answer, name: 'a' }, 'node', Buffer.from(podText({ name: 'a', version: 105, uid })));
  t.false(stage.cache.heard.isReachedBy(stage.cache.scopes.get(scope.id)!, 'default'));
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/a@105', 'default/b@102', 'default/c@106']);
  informer.step(stage.cache);
  t.deepEqual([...informer.store.keys()], ['default/a', 'default/b', 'default/c']);
  t.is(informer.lists, 1, 'along the stream that stands');
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/a@105', 'default/b@102', 'default/c@106'], 'once is enough');
});

test('an answer that comes after a later one of the same object takes nothing back', async (t) => {
  const stage = await stageWithSilentStreams();
  const answer = { ...named, name: 'a', verb: 'update', search: '' };
  const heard = (version: number) =>
    stage.cache.heard.see(answer, 'node', Buffer.from(podText({ name: 'a', version, uid: 'a-101' })));
  await heard(107);
  await heard(105);
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/a@107', 'default/b@102']);
  t.is(stage.cache.objects.newest('/api/v1/namespaces/default/pods/a')?.resourceVersion, '107');
});

test('what the cloud has deleted is gone when it goes away before its stream says so, and nothing is written to it', async (t) => {
  const stage = await stageWithSilentStreams();
  const status = { kind: 'Status', apiVersion: 'v1', details: { name: 'a', kind: 'pods', uid: 'a-101' } };
  const answer = { ...named, name: 'a', verb: 'delete', search: '' };
  await stage.cache.heard.see(answer, 'node', Buffer.from(JSON.stringify(status)));
  t.false(
    stage.cache.heard.isReachedBy(stage.cache.scopes.get(scope.id)!, 'default'),
    'online it is not served either',
  );
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/b@102']);
  const request: WriteRequest = {
    ...named,
    verb: 'patch',
    kind: 'Pod',
    apiVersion: 'v1',
    name: 'a',
    subresource: 'status',
    body: { status: { message: 'still there' } },
    patchType: 'merge',
    query: { dryRun: false, fieldManager: 'kubelet' },
  };
  await t.throwsAsync(() => stage.cache.writes.accept(request, kubelet), { message: /not found/ });
});

test('an answer that another scope has heard the end of is not shown again', async (t) => {
  const stage = await stageWithSilentStreams();
  const uid = 'a-101';
  await stage.cache.heard.see(
    { ...named, name: 'a', verb: 'update', search: '' },
    'node',
    Buffer.from(podText({ name: 'a', version: 103, uid })),
  );
  stage.cloud.put('a');
  stage.cloud.put('a');
  await stage.rest();
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/a@104', 'default/b@102']);
});

test('after the outage the cloud has the last word on what was shown from its answer', async (t) => {
  const stage = await stageWithSilentStreams();
  const answer = { ...named, name: '', verb: 'create', search: '' };
  stage.cloud.cut();
  stage.link.set(false);
  await stage.cache.heard.see(answer, 'node', Buffer.from(podText({ name: 'c', version: 103 })));
  await stage.cache.answered.show();
  t.is(told(stage)?.length, 3);
  stage.cloud.put('d');
  stage.cloud.put('a');
  stage.link.set(true);
  await stage.rest();
  t.deepEqual(told(stage), ['default/a@104', 'default/b@102', 'default/d@103']);
});

test('what another cluster has answered is shown to nobody, and keeps nobody waiting', async (t) => {
  const stage = await stageWithSilentStreams();
  const answer = { ...named, name: '', verb: 'create', search: '' };
  await stage.cache.heard.see(answer, 'node', Buffer.from(podText({ name: 'c', version: 206 })));
  const old = stage.cloud;
  stage.cloud = new ModelCloud({ uid: 'cluster-2', firstVersion: 150 });
  stage.cloud.put('z');
  old.cut();
  await stage.rest();
  t.true(stage.log.includes('AnotherClusterError'));
  t.deepEqual(told(stage), ['default/z@151']);
  t.true(stage.cache.heard.isReachedBy(stage.cache.scopes.get(scope.id)!, 'default'));
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/z@151']);
});

test('no later life gives a version once more under which an answer was shown', async (t) => {
  const stage = await stageWithSilentStreams();
  const answer = { ...named, verb: 'update', search: '' };
  const see = (name: string, version: number): Promise<void> =>
    stage.cache.heard.see(
      { ...answer, name },
      'node',
      Buffer.from(podText({ name, version, uid: name === 'a' ? 'a-101' : 'b-102' })),
    );
  await see('a', 105);
  stage.cloud.cut();
  stage.link.set(false);
  await stage.cache.answered.show();
  await see('b', 104);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/a@105', 'default/b@106']);
  const { cache } = await stage.crash();
  t.true(Number(cache.writes.versions.next()) > 106);
});

test('what was made anew under the same name is told as gone and as new', async (t) => {
  const stage = await stageWithSilentStreams();
  const informer = new ModelInformer(scope);
  informer.step(stage.cache);
  const answer = { ...named, name: '', verb: 'create', search: '' };
  await stage.cache.heard.see(answer, 'node', Buffer.from(podText({ name: 'a', version: 104, uid: 'another' })));
  stage.link.set(false);
  await stage.cache.answered.show();
  informer.step(stage.cache);
  t.is(informer.store.get('default/a'), 'another@104');
  t.deepEqual(told(stage), ['default/a@104', 'default/b@102']);
});

test('a scope that has not heard of the first of two deletions under one name shows neither object', async (t) => {
  const stage = await stageWithSilentStreams();
  const gone = (uid: string) => Buffer.from(JSON.stringify({ kind: 'Status', apiVersion: 'v1', details: { uid } }));
  const answer = { ...named, name: 'a', verb: 'delete', search: '' };
  await stage.cache.heard.see(answer, 'node', gone('a-101'));
  const made = Buffer.from(podText({ name: 'a', version: 105, uid: 'another' }));
  await stage.cache.heard.see({ ...answer, name: '', verb: 'create' }, 'node', made);
  await stage.cache.heard.see(answer, 'node', gone('another'));
  t.false(stage.cache.heard.isReachedBy(stage.cache.scopes.get(scope.id)!, 'default'));
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/b@102']);
});

test('a scope that still holds what had the name before does not show it once its successor was deleted, nor in another life', async (t) => {
  const answer = { ...named, name: 'a', verb: 'delete', search: '' };
  const status = { kind: 'Status', apiVersion: 'v1', details: { uid: 'another' } };
  const path = '/api/v1/namespaces/default/pods/a';
  for (const isRead of [true, false]) {
    const stage = await stageWithSilentStreams();
    // Deleted in the cloud and made anew, of which no stream has told.
    if (isRead)
      stage.cache.objects.see(path, 'node', Buffer.from(podText({ name: 'a', version: 105, uid: 'another' })));
    const before = stage.cache.heard.versionBefore(answer);
    t.is(before, isRead ? '105' : '102');
    await stage.cache.heard.see(answer, 'node', Buffer.from(JSON.stringify(status)), before);
    t.false(stage.cache.heard.isReachedBy(stage.cache.scopes.get(scope.id)!, 'default'));
    stage.cloud.cut();
    stage.link.set(false);
    await stage.cache.answered.show();
    t.deepEqual(told(stage), ['default/b@102']);
    const later = await stage.crash();
    t.deepEqual(told(later), ['default/b@102'], 'another life');
  }
});

test('what was made anew is shown although the deletion before it is answered later', async (t) => {
  const stage = await stageWithSilentStreams();
  const answer = { ...named, name: 'a', verb: 'delete', search: '' };
  const status = { kind: 'Status', apiVersion: 'v1', details: { uid: 'a-101' } };
  const before = stage.cache.heard.versionBefore(answer);
  stage.cloud.delete('a');
  stage.cloud.put('a');
  await stage.rest();
  const { body } = stage.cache.scopes.get(scope.id)!.snapshot.get('default/a')!;
  await stage.cache.heard.see({ ...answer, name: '', verb: 'create' }, 'node', body);
  await stage.cache.heard.see(answer, 'node', Buffer.from(JSON.stringify(status)), before);
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/a@104', 'default/b@102']);
});

test('one that was made after the deletion was sent is shown, whatever was deleted', async (t) => {
  const stage = await stageWithSilentStreams();
  const answer = { ...named, name: 'a', verb: 'delete', search: '' };
  const status = { kind: 'Status', apiVersion: 'v1', details: { uid: 'between' } };
  const before = stage.cache.heard.versionBefore({ ...answer, name: 'c' });
  stage.cloud.put('c');
  await stage.rest();
  await stage.cache.heard.see({ ...answer, name: 'c' }, 'node', Buffer.from(JSON.stringify(status)), before);
  stage.link.set(false);
  await stage.cache.answered.show();
  t.deepEqual(told(stage), ['default/a@101', 'default/b@102', 'default/c@103']);
});

test('nor does one that has not heard of what came between two deletions by others than this node', async (t) => {
  const answer = { ...named, name: 'a', verb: 'delete', search: '' };
  const status = (uid: string) => ({ kind: 'Status', apiVersion: 'v1', details: { uid } });
  const answers = [
    [status('a-101'), status('another')],
    [JSON.parse(podText({ name: 'a', version: 107, uid: 'another' }))],
  ];
  for (const given of answers) {
    const stage = await stageWithSilentStreams();
    for (const one of given) await stage.cache.heard.see(answer, 'node', Buffer.from(JSON.stringify(one)));
    t.false(stage.cache.heard.isReachedBy(stage.cache.scopes.get(scope.id)!, 'default'));
    stage.link.set(false);
    await stage.cache.answered.show();
    t.deepEqual(told(stage), ['default/b@102']);
  }
});

test('who has a version of the cloud that the scope knows nothing of is told apart from who has one of its own', async (t) => {
  const stage = await stageWithSilentStreams();
  const { cache } = stage;
  const followed = cache.scopes.get(scope.id)!;
  t.is(followed.cloudVersion, '102');
  t.true(cache.origins.isOfAnotherPast(followed, '900'), 'nobody has heard of the cloud that it has come so far');
  const answer = { ...named, verb: 'create', name: '', search: '' };
  await cache.heard.see(answer, 'node', Buffer.from(podText({ name: 'c', version: 106 })));
  t.false(cache.origins.isOfAnotherPast(followed, '104'), 'the scope will hear of that');
  stage.link.set(false);
  await cache.answered.show();
  t.is(followed.resourceVersion, '106');
  t.true(cache.writes.spans.has(pods, '106'), 'what else is shown at it is not what the cloud had then');
  cache.writes.spans.clear();
  t.true(cache.origins.isBeside(followed, '104'), 'what is shown now is not what the cloud had then');
  t.false(cache.origins.isBeside(followed, '102'));
  t.false(cache.origins.isBeside(followed, '106'), 'it was given out here');
});

test('what was made anew in the cloud since is not taken for the one that it has deleted, also where it was written to here', async (t) => {
  const stage = await stageWithSilentStreams();
  const { cache } = stage;
  const followed = cache.scopes.get(scope.id)!;
  const status = { kind: 'Status', apiVersion: 'v1', details: { name: 'a', kind: 'pods', uid: 'a-101' } };
  const answer = { ...named, name: 'a', verb: 'delete', search: '' };
  await cache.heard.see(answer, 'node', Buffer.from(JSON.stringify(status)));
  const anew = (version: number) => pod({ name: 'a', uid: 'a-new', version });
  await followed.apply(
    [
      { type: 'DELETED', object: pod({ name: 'a', uid: 'a-101', version: 103 }) },
      { type: 'ADDED', object: anew(104) },
    ],
    followed.era,
  );
  const { snapshot } = followed;
  snapshot.own.show({ type: 'MODIFIED', object: anew(110), previous: snapshot.get('default/a') });
  snapshot.own.giveUp('default/a', [{ type: 'MODIFIED', object: anew(111), previous: snapshot.get('default/a') }]);
  stage.link.set(false);
  await cache.answered.show();
  t.deepEqual(told(stage), ['default/a@111', 'default/b@102']);
});

test('a renewal of the Lease that was kept here gives way to the later one that the cloud has answered', async (t) => {
  const { cache } = await CacheStage.open();
  const gvr = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
  const place = { gvr, namespace: 'kube-node-lease', name: 'node-1' };
  const lease = (version: string, second: number): JsonObject => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'node-1', namespace: 'kube-node-lease', uid: 'l', resourceVersion: version },
    spec: { holderIdentity: 'node-1', renewTime: `2026-01-01T00:00:${second}.000000Z` },
  });
  const answered = (object: JsonObject) =>
    cache.heard.see({ ...place, verb: 'update', search: '' }, 'node', Buffer.from(JSON.stringify(object)));
  await answered(lease('101', 10));
  const request: WriteRequest = {
    ...place,
    verb: 'update',
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    subresource: '',
    body: lease('101', 20),
    query: { dryRun: false, fieldManager: 'kubelet' },
  };
  await cache.writes.accept(request, kubelet, { sentOnto: '101' });
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1';
  t.truthy(cache.writes.shown(path));
  await answered(lease('103', 30));
  t.is(cache.writes.shown(path), undefined);
});
