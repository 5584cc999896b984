import test from 'ava';
import { configMap, kindOf, OwedWritesStage } from '../../support/owed-writes-stage.ts';

test('a write of somebody whom the cloud was never seen to let do it is refused, with what would help', async (t) => {
  const stage = await OwedWritesStage.open();
  const caller = { identity: 'sa:default:x:1', userAgent: '', fieldManager: '', isNode: false, mayWrite: () => false };
  const query = { dryRun: false, fieldManager: '' };
  const base = { ...kindOf('configmaps'), namespace: 'default', subresource: '', query };
  await t.throwsAsync(stage.writes.accept({ ...base, verb: 'create', name: '', body: configMap('web', {}) }, caller), {
    message: /never seen to let this caller create configmaps in namespace default\. Done once while it is reachable/,
  });
  await stage.create('web', { a: '1' });
  await t.throwsAsync(stage.writes.accept({ ...base, verb: 'delete', name: 'web', body: undefined }, caller), {
    message: /never seen to let this caller delete configmaps "web" in namespace default\. /,
  });
  await stage.writes.stop();
});
