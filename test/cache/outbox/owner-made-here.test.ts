import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { configMap, kindOf, maps, OwedWritesStage } from '../../support/owed-writes-stage.ts';

function owned(name: string, uid: string): JsonObject {
  const plain = configMap(name, {});
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
  return { ...plain, metadata: { ...(plain.metadata as JsonObject), ownerReferences } };
}

test('what is owned by an object that the cloud will know by another uid is not taken in: it would be deleted there', async (t) => {
  const stage = await OwedWritesStage.open();
  const create = (name: string, uid: string) =>
    stage.write({ ...kindOf('configmaps'), verb: 'create', name: '', body: owned(name, uid) });
  const refused = { message: /its owner ConfigMap "owner" was made here meanwhile/ };
  await stage.create('owner', { a: '1' });
  const provisional = stage.writes.shown(`${maps}/owner`)!.value!.metadata as JsonObject;
  await t.throwsAsync(create('web', provisional.uid as string), refused);
  await t.notThrowsAsync(create('other', 'uid-of-the-cloud'));

  await stage.heal();
  const known = stage.cloud.objects.get(`${maps}/owner`)!.metadata as JsonObject;
  t.not(known.uid, provisional.uid);
  stage.link.set(false);
  await t.throwsAsync(create('web', provisional.uid as string), refused, 'whoever still holds the uid given out here');
  await t.notThrowsAsync(create('web', known.uid as string));
  await stage.writes.stop();
});
