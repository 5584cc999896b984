// Where a rule of the settings would help, and where not.
import test from 'ava';
import { refusalInAnyCase } from '../../../src/cache/writes/hopeless.ts';
import type { Known, WriteRequest } from '../../../src/cache/writes/write-request.ts';

const pods = { gvr: { group: '', version: 'v1', resource: 'pods' }, kind: 'Pod' };
const configMaps = { gvr: { group: '', version: 'v1', resource: 'configmaps' }, kind: 'ConfigMap' };
const unknown: Known = { state: 'unknown' };

function asked(verb: WriteRequest['verb'], of: typeof pods, body: WriteRequest['body'], name = 'web'): WriteRequest {
  const query = { dryRun: false, fieldManager: '' };
  const patchType = verb === 'patch' ? { patchType: 'merge' as const } : {};
  return { verb, ...of, ...patchType, apiVersion: 'v1', namespace: 'shop', name, subresource: '', body, query };
}

const present = (kind: string, rest: object): Known => ({
  state: 'present',
  object: {
    apiVersion: 'v1',
    kind,
    metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '5' },
    ...rest,
  },
});

test('a write that cannot be judged here is refused for that, for no rule would help', (t) => {
  const pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'x' }] } };
  for (const known of [unknown, { state: 'absent' } as const]) {
    t.regex(refusalInAnyCase(asked('create', pods, pod, ''), known)!.message, /admitted and scheduled by the cloud/);
  }
  const moved = asked('patch', pods, { spec: { nodeName: 'other' } });
  t.is(refusalInAnyCase(moved, present('Pod', { spec: { nodeName: 'edge-1' } }))?.status.code, 503);
});

test('a write that a rule would let in, or the apiserver refuse, is refused for want of a rule', (t) => {
  const patch = asked('patch', configMaps, { data: { a: '1' } });
  t.is(refusalInAnyCase(patch, present('ConfigMap', {})), undefined);
  t.is(refusalInAnyCase(patch, { state: 'absent' }), undefined, 'a 404 then');
  t.is(refusalInAnyCase(patch, unknown), undefined, 'it might be followed by then');
  t.is(refusalInAnyCase(asked('create', configMaps, { metadata: { name: 'web' } }, ''), unknown), undefined);
  t.is(refusalInAnyCase(asked('patch', pods, { metadata: { labels: { a: 'b' } } }), present('Pod', {})), undefined);
});
