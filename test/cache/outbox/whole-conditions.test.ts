// Conditions that both sides have spoken of.
import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import type { OutboxEntry } from '../../../src/cache/outbox/entry.ts';
import { nextStep } from '../../../src/cache/outbox/next-step.ts';

const node = (conditions: readonly JsonObject[], version: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'edge-1', uid: 'u', resourceVersion: version },
  status: { conditions },
});
const ready = (status: string, message: string, lastHeartbeatTime: string): JsonObject => ({
  type: 'Ready',
  status,
  message,
  lastHeartbeatTime,
});
const disk: JsonObject = { type: 'DiskPressure', status: 'False', message: 'fine', lastHeartbeatTime: '1' };
const network: JsonObject = { type: 'NetworkUnavailable', status: 'False', message: 'by the cloud' };

function replayed(before: readonly JsonObject[], after: readonly JsonObject[], cloud: readonly JsonObject[]): unknown {
  const entry = {
    target: {
      gvr: { group: '', version: 'v1', resource: 'nodes' },
      apiVersion: 'v1',
      kind: 'Node',
      namespace: '',
      name: 'edge-1',
      subresource: 'status',
    },
    class: 'node-status',
    conflict: 'edge-wins',
    op: 'update',
    before: node(before, '1'),
    after: node(after, '5'),
    cloudVersion: '1',
  } as unknown as OutboxEntry;
  const step = nextStep(entry, node(cloud, '9'));
  return step.kind === 'update' ? (step.body.status as JsonObject).conditions : step.kind;
}

test('a condition that kubelet reported again is as kubelet says it, not half of what the cloud thought', (t) => {
  const before = [disk, ready('True', 'well', '1')];
  const after = [disk, ready('True', 'well', '2')];
  const cloud = [disk, ready('Unknown', 'stopped posting', '1'), network];
  t.deepEqual(replayed(before, after, cloud), [disk, ready('True', 'well', '2'), network]);
});

test('a condition that was not reported again is the cloud’s', (t) => {
  const before = [disk, ready('True', 'well', '1')];
  const after = [{ ...disk, status: 'True' }, ready('True', 'well', '1')];
  const cloud = [disk, ready('Unknown', 'stopped posting', '1')];
  t.deepEqual(replayed(before, after, cloud), [{ ...disk, status: 'True' }, ready('Unknown', 'stopped posting', '1')]);
});
