import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { StatusError } from '../../../src/apimachinery/status.ts';
import type { WriteRequest } from '../../../src/cache/writes/write-request.ts';
import { kindOf, OwedWritesStage } from '../../support/owed-writes-stage.ts';

const pathOf = (resource: string) => `/apis/example.com/v1/namespaces/default/${resource}/one`;
const inCloud = ({ cloud }: OwedWritesStage, resource: string) => cloud.objects.get(pathOf(resource));

/** A custom resource `one`, known to the node, and the cloud away. */
async function stageWith(resource: string): Promise<OwedWritesStage> {
  const stage = await OwedWritesStage.open();
  const { kind, apiVersion } = kindOf(resource);
  const object = { apiVersion, kind, metadata: { name: 'one', namespace: 'default', generation: 1 } };
  stage.cloud.put(pathOf(resource), { ...object, spec: { size: 1 }, status: { phase: 'Off' } });
  return stage;
}

function merge(stage: OwedWritesStage, resource: string, body: JsonObject, more: Partial<WriteRequest> = {}) {
  return stage.write({ verb: 'patch', name: 'one', patchType: 'merge', body, ...kindOf(resource), ...more });
}

async function refusal(t: { fail(): void }, write: Promise<unknown>): Promise<StatusError> {
  const error = await write.then(
    () => t.fail(),
    (reason: unknown) => reason,
  );
  if (error instanceof StatusError) return error;
  throw error;
}

test('with a status subresource, spec and status are written apart and arrive apart', async (t) => {
  const stage = await stageWith('widgets');
  const { answer } = await merge(stage, 'widgets', { spec: { size: 2 }, status: { phase: 'On' } });
  t.like(answer, { spec: { size: 2 }, status: { phase: 'Off' }, metadata: { generation: 2 } });
  const after = await merge(
    stage,
    'widgets',
    { spec: { size: 9 }, status: { phase: 'On' } },
    { subresource: 'status' },
  );
  t.like(after.answer, { spec: { size: 2 }, status: { phase: 'On' }, metadata: { generation: 2 } });
  await stage.heal();
  t.like(inCloud(stage, 'widgets'), { spec: { size: 2 }, status: { phase: 'On' } });
  const puts = stage.cloud.requests
    .filter(({ method }) => method === 'PUT' || method === 'PATCH')
    .map(({ path }) => path.replace(/\?.*/, ''));
  t.deepEqual(puts, [pathOf('widgets'), `${pathOf('widgets')}/status`]);
});

test('without a status subresource, status is a member like any other and arrives with the rest', async (t) => {
  const stage = await stageWith('gadgets');
  const { answer } = await merge(stage, 'gadgets', { status: { phase: 'On' } });
  t.like(answer, { status: { phase: 'On' }, metadata: { generation: 2 } });
  const { status } = await refusal(t, merge(stage, 'gadgets', {}, { subresource: 'status' }));
  t.is(status.code, 404);
  stage.cloud.put(pathOf('gadgets'), { ...inCloud(stage, 'gadgets'), spec: { size: 7 } });
  await stage.heal();
  t.like(inCloud(stage, 'gadgets'), { spec: { size: 7 }, status: { phase: 'On' } });
  t.deepEqual(stage.parked, []);
});

test('a custom resource made with a status keeps it only where status is a member like any other', async (t) => {
  for (const [resource, status] of [
    ['widgets', undefined],
    ['gadgets', { phase: 'New' }],
  ] as const) {
    const stage = await OwedWritesStage.open();
    const { kind, apiVersion } = kindOf(resource);
    const body = { apiVersion, kind, metadata: { name: 'one' }, status: { phase: 'New' } };
    const { answer } = await stage.write({ verb: 'create', name: '', body, ...kindOf(resource) });
    t.deepEqual(answer.status, status);
    await stage.heal();
    t.deepEqual(inCloud(stage, resource)?.status, status);
  }
});

test('where nobody has read discovery, what leaves status alone is kept, all else refused with the reason', async (t) => {
  const stage = await stageWith('riddles');
  const { answer } = await merge(stage, 'riddles', { spec: { size: 3 } }, { kind: '' });
  t.like(answer, { kind: 'Riddle', spec: { size: 3 }, status: { phase: 'Off' } });
  for (const write of [
    merge(stage, 'riddles', { status: { phase: 'On' } }),
    merge(stage, 'riddles', {}, { subresource: 'status' }),
  ]) {
    const { status } = await refusal(t, write);
    t.is(status.code, 503);
    t.regex(status.message, /nobody has seen yet whether this kind has a status subresource/);
  }
  await stage.heal();
  t.like(inCloud(stage, 'riddles'), { kind: 'Riddle', spec: { size: 3 }, status: { phase: 'Off' } });
});

test('a strategic merge patch of a custom resource is 415, as in the cloud', async (t) => {
  const stage = await stageWith('widgets');
  const { status } = await refusal(t, merge(stage, 'widgets', {}, { patchType: 'strategic' }));
  t.is(status.code, 415);
  t.is(stage.writes.outbox.size.entries, 0);
});

test('who wants unknown fields refused has them refused by the cloud: they are parked, not left out unseen', async (t) => {
  const stage = await OwedWritesStage.open();
  stage.cloud.refuse = ({ method, path }) =>
    method === 'POST' && path.includes('fieldValidation=Strict')
      ? { code: 400, message: 'unknown field "b"' }
      : undefined;
  const query = { dryRun: false, fieldManager: 'kubectl-create' };
  for (const [name, isStrict] of [
    ['strict', true],
    ['lenient', false],
  ] as const) {
    const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, b: '1' };
    await stage.write({ verb: 'create', name: '', body, ...kindOf('widgets'), query: { ...query, isStrict } });
  }
  await stage.heal();
  t.deepEqual(
    stage.parked.map(({ target, parked }) => [target.name, parked?.code]),
    [['strict', 400]],
  );
  await stage.writes.stop();
});
