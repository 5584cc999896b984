import test from 'ava';
import { configMap, kindOf, maps, OwedWritesStage } from '../../support/owed-writes-stage.ts';

const { kind, gvr, apiVersion } = kindOf('configmaps');

test('a creation that the cloud may have heard of is not folded away by its deletion', async (t) => {
  const stage = await OwedWritesStage.open();
  const create = { verb: 'create', name: '', body: configMap('web', { color: 'red' }), kind, gvr, apiVersion } as const;
  await stage.write(create, { sentOnto: '' });
  await stage.delete('web');
  // What was sent before arrives late.
  stage.cloud.put(`${maps}/web`, configMap('web', { color: 'red' }));
  await stage.heal();
  t.false(stage.cloud.objects.has(`${maps}/web`));
  t.deepEqual(
    stage.writes.outbox.entries.map(({ parked }) => parked?.reason),
    [],
  );
});

test('nothing is folded onto a write that the cloud may have: it is looked after before what follows is sent', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.cloud.put(`${maps}/web`, configMap('web', { color: 'red' }));
  const body = { data: { color: 'blue' } };
  await stage.write({ verb: 'patch', name: 'web', body, patchType: 'merge', kind, gvr, apiVersion }, { sentOnto: '' });
  await stage.patch('web', { data: { color: 'green' } });
  t.deepEqual(
    stage.writes.outbox.entries.map(({ state }) => state),
    ['sent', 'queued'],
  );
  await stage.heal();
  t.is(stage.cloud.requests[0]?.method, 'GET');
  t.like(stage.cloud.objects.get(`${maps}/web`), { data: { color: 'green' } });
});

test('a write whose answer was lost is not done once more over what others have written since', async (t) => {
  const stage = await OwedWritesStage.open({ conflict: 'edge-wins' });
  stage.cloud.put(`${maps}/web`, configMap('web', { color: 'red' }));
  const body = { data: { color: 'blue' } };
  const request = { verb: 'patch', name: 'web', body, patchType: 'merge', kind, gvr, apiVersion } as const;
  const sentOnto = stage.writes.knownState({ gvr, namespace: 'default', name: 'web' });
  stage.cloud.put(`${maps}/web`, configMap('web', { color: 'blue' }));
  await stage.write(request, { sentOnto });
  t.true(stage.writes.outbox.isEmpty, 'the cloud has it');
  stage.cloud.put(`${maps}/web`, configMap('web', { color: 'green' }));
  await t.throwsAsync(stage.write(request, { sentOnto }), { message: /the object has changed since it was sent/ });
  t.true(stage.writes.outbox.isEmpty);
  await stage.write(request, { sentOnto: stage.writes.knownState({ gvr, namespace: 'default', name: 'web' }) });
  t.false(stage.writes.outbox.isEmpty, 'nobody has written since');
});
