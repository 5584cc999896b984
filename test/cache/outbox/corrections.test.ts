// What is shown because it follows from other writes, beside what clients write themselves.
import test from 'ava';
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../../src/apimachinery/json.ts';
import { readObject } from '../../../src/apimachinery/object.ts';
import { compareResourceVersion } from '../../../src/apimachinery/resource-version.ts';
import { nodeCredential } from '../../../src/cache/credential.ts';
import type { FollowedScope } from '../../../src/cache/followed-scope.ts';
import { nodeIdentity } from '../../../src/cache/lenders.ts';
import { Corrections } from '../../../src/cache/outbox/corrections.ts';
import { CacheStage } from '../../support/cache-stage.ts';
import { configMap, kindOf, maps, OwedWritesStage } from '../../support/owed-writes-stage.ts';
import { podScope, pods } from '../../support/sample-objects.ts';

const path = '/api/v1/namespaces/default/pods/a';
const key = 'default/a';

interface Stage {
  readonly stage: CacheStage;
  readonly corrections: Corrections;
  readonly followed: FollowedScope;
  correct(labels: JsonObject): Promise<boolean>;
  shown(): unknown;
}

async function cutOff(): Promise<Stage> {
  const stage = await CacheStage.withPods('a', 'b');
  const followed = stage.cache.open(podScope(), nodeIdentity, nodeCredential);
  stage.link.isOnline = false;
  const corrections = new Corrections(stage.cache.writes, () => 0);
  return {
    stage,
    corrections,
    followed,
    correct(labels) {
      const cloud = followed.snapshot.inCloud(key)!;
      const before = parseJson(cloud.body) as JsonObject;
      const metadata = { ...(before.metadata as JsonObject), labels };
      return corrections.show({ gvr: pods, cloud, before, after: { ...before, metadata } });
    },
    shown: () => followed.snapshot.get(key)?.labels,
  };
}

test('a correction is shown under a version of its own, and nothing of it is owed', async (t) => {
  const { stage, corrections, followed, correct, shown } = await cutOff();
  const before = followed.resourceVersion;
  t.true(await correct({ app: 'y' }));
  t.deepEqual(shown(), { app: 'y' });
  t.true(compareResourceVersion(followed.resourceVersion, before) > 0);
  t.true(stage.cache.writes.outbox.isEmpty);
  t.false(stage.cache.writes.owesObject(path));
  const value = corrections.shown(path);
  t.true(
    isJsonObject(value) && isJsonObject(value.metadata) && value.metadata.resourceVersion === followed.resourceVersion,
  );
});

test('a correction that ends leaves what the cloud has', async (t) => {
  const { corrections, followed, correct, shown } = await cutOff();
  await correct({ app: 'y' });
  const { resourceVersion } = followed;
  await corrections.end(path);
  t.deepEqual(shown(), { app: 'x' });
  t.is(corrections.shown(path), undefined);
  t.true(compareResourceVersion(followed.resourceVersion, resourceVersion) > 0, 'no version goes back');
  await corrections.end(path);
  t.deepEqual(shown(), { app: 'x' }, 'once more changes nothing');
});

test('a client writes on top of what the cloud has, and is shown in the place of a correction', async (t) => {
  const stage = await OwedWritesStage.open();
  const { writes, cloud } = stage;
  const before = cloud.put(`${maps}/web`, configMap('web', { color: 'red' }));
  const { gvr } = kindOf('configmaps');
  const corrections = new Corrections(writes, () => 0);
  const one = {
    gvr,
    cloud: readObject(gvr, Buffer.from(stringifyJson(before))),
    before,
    after: { ...before, data: { color: 'corrected' } },
  };
  t.true(await corrections.show(one));
  await stage.patch('web', { data: { size: '2' } });
  t.deepEqual(writes.shown(`${maps}/web`)?.value?.data, { color: 'red', size: '2' });
  t.is(corrections.shown(`${maps}/web`), undefined);
  t.deepEqual(writes.outbox.pending[0]?.before?.data, { color: 'red' });
  t.false(await corrections.show(one), 'what is owed is shown');
  await corrections.end(`${maps}/web`);
  t.deepEqual(writes.shown(`${maps}/web`)?.value?.data, { color: 'red', size: '2' }, 'and is not taken back');
  await stage.heal();
  t.deepEqual(cloud.objects.get(`${maps}/web`)?.data, { color: 'red', size: '2' });
});
