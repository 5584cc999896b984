import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { leakedAddresses, youngestLeakMs } from '../../../src/ipam/verdict/leaked-addresses.ts';
import { type PodFact, podFactOf } from '../../../src/ipam/verdict/pod-fact.ts';
import { type KeptAddress, type PodEvidence, settledAfterMs, verdictOn } from '../../../src/ipam/verdict/verdict.ts';

const nodeName = 'edge-1';
const hash = 'a3f1';

function podJson({
  owner = '',
  phase = 'Running',
  node = nodeName,
  uid = 'u1',
  more = {} as JsonObject,
} = {}): JsonObject {
  const ownerReferences = owner === '' ? [] : [{ kind: owner, controller: true }];
  return {
    metadata: { namespace: 'shop', name: 'web-0', uid, ownerReferences, ...more },
    spec: { nodeName: node },
    status: { phase },
  };
}

const mirror = { annotations: { 'kubernetes.io/config.mirror': hash, 'kubernetes.io/config.hash': hash } };
const leaving = { deletionTimestamp: '2026-11-22T03:00:00Z' };

function evidence(
  pod: JsonObject | undefined,
  { followedForMs, deleted }: { followedForMs?: number; deleted?: JsonObject } = {},
): PodEvidence {
  return {
    nodeName,
    followedForMs,
    pods: {
      get: () => pod && podFactOf(pod),
      deletedHere: () => deleted && podFactOf(deleted),
    },
  };
}

const kept = (uid = 'u1', ownerKind?: KeptAddress['ownerKind']): KeptAddress => ({
  namespace: 'shop',
  name: 'web-0',
  uid,
  ...(ownerKind && { ownerKind }),
});

/** `pinned`, `released ttl`, `none` */
function said(address: KeptAddress, about: PodEvidence): string {
  const verdict = verdictOn(address, about);
  if (verdict === undefined) return 'none';
  return verdict.says === 'pinned' ? 'pinned' : `released ${verdict.keep}`;
}

const followed = { followedForMs: settledAfterMs };

test('the table of verdicts', (t) => {
  const rows: readonly (readonly [string, string, KeptAddress, PodEvidence])[] = [
    ['there and running', 'pinned', kept(), evidence(podJson())],
    ['there and pending', 'pinned', kept(), evidence(podJson({ phase: 'Pending' }))],
    ['made anew under its name', 'pinned', kept('old'), evidence(podJson({ owner: 'StatefulSet' }))],
    ['asked to leave', 'none', kept(), evidence(podJson({ more: leaving }))],
    ['a Job that is done', 'released cooldown', kept(), evidence(podJson({ owner: 'Job', phase: 'Succeeded' }))],
    [
      'evicted, of a Deployment',
      'released cooldown',
      kept(),
      evidence(podJson({ owner: 'ReplicaSet', phase: 'Failed' })),
    ],
    ['evicted, of a StatefulSet', 'released ttl', kept(), evidence(podJson({ owner: 'StatefulSet', phase: 'Failed' }))],
    ['bare and done', 'released ttl', kept(), evidence(podJson({ phase: 'Succeeded' }))],
    ['another of its name has ended', 'none', kept('old'), evidence(podJson({ phase: 'Failed' }))],
    ['the runtime named no uid, and it has ended', 'none', kept(''), evidence(podJson({ phase: 'Failed' }))],
    ['a manifest, by its hash', 'pinned', kept(hash), evidence(podJson({ uid: 'mirror', more: mirror }))],
    [
      'a manifest that has ended',
      'released ttl',
      kept(hash),
      evidence(podJson({ uid: 'mirror', more: mirror, phase: 'Failed' })),
    ],
    [
      'the uid of a mirror is not the pod’s',
      'none',
      kept('mirror'),
      evidence(podJson({ uid: 'mirror', more: mirror, phase: 'Failed' })),
    ],
    ['gone, cloud followed for long', 'released ttl', kept('u1', 'stateful-set'), evidence(undefined, followed)],
    ['gone, of a Deployment', 'released cooldown', kept('u1', 'renaming'), evidence(undefined, followed)],
    ['gone, of an unknown kind', 'released ttl', kept(), evidence(undefined, followed)],
    ['gone, stream only just there', 'none', kept(), evidence(undefined, { followedForMs: settledAfterMs - 1 })],
    ['gone, cloud away', 'none', kept(), evidence(undefined)],
    [
      'deleted by kubelet, cloud away',
      'released cooldown',
      kept(),
      evidence(undefined, { deleted: podJson({ owner: 'ReplicaSet' }) }),
    ],
    [
      'manifest removed, cloud away',
      'released ttl',
      kept(hash),
      evidence(undefined, { deleted: podJson({ uid: 'mirror', more: mirror }) }),
    ],
    ['another of its name deleted by kubelet', 'none', kept('old'), evidence(undefined, { deleted: podJson() })],
    [
      'on another node, cloud followed',
      'released ttl',
      kept(),
      evidence(podJson({ owner: 'StatefulSet', node: 'edge-2' }), followed),
    ],
    ['on another node, cloud away', 'none', kept(), evidence(podJson({ owner: 'StatefulSet', node: 'edge-2' }))],
  ];
  for (const [title, expected, address, about] of rows) t.is(said(address, about), expected, title);
});

test('owners by their kind', (t) => {
  const kindOf = (pod: JsonObject): string => podFactOf(pod).ownerKind;
  t.is(kindOf(podJson()), 'bare');
  t.is(kindOf(podJson({ owner: 'StatefulSet' })), 'stateful-set');
  for (const owner of ['ReplicaSet', 'DaemonSet', 'Job', 'MyOperator']) t.is(kindOf(podJson({ owner })), 'renaming');
  t.is(kindOf(podJson({ more: mirror })), 'static');
  t.is(kindOf({ metadata: { ownerReferences: [{ kind: 'StatefulSet' }] } }), 'bare', 'an owner that controls nothing');
});

const uid = fc.constantFrom('', 'u1', 'u2', hash);
const ownerKind = fc.constantFrom('stateful-set' as const, 'bare' as const, 'static' as const, 'renaming' as const);
const fact: fc.Arbitrary<PodFact> = fc.record({
  namespace: fc.constant('shop'),
  name: fc.constant('web-0'),
  uid,
  nodeName: fc.constantFrom(nodeName, 'edge-2', ''),
  hasEnded: fc.boolean(),
  isLeaving: fc.boolean(),
  ownerKind,
});
const anyAddress = uid.chain((one) => fc.option(ownerKind, { nil: undefined }).map((kind) => kept(one, kind)));
const followedForMs = fc.option(fc.nat({ max: 2 * settledAfterMs }), { nil: undefined });

test('no verdict without a complete list of pods', (t) => {
  fc.assert(
    fc.property(anyAddress, followedForMs, (address, ms) => {
      t.is(verdictOn(address, { nodeName, pods: undefined, followedForMs: ms }), undefined);
    }),
  );
});

test('no address is released while a pod of its name is here under another uid, or runs', (t) => {
  fc.assert(
    fc.property(anyAddress, fact, followedForMs, fact, (address, pod, ms, deleted) => {
      const here = { ...pod, nodeName };
      const about = { nodeName, pods: { get: () => here, deletedHere: () => deleted }, followedForMs: ms };
      const verdict = verdictOn(address, about);
      if (address.uid !== here.uid || !here.hasEnded) t.not(verdict?.says, 'released');
    }),
  );
});

test('with the cloud away only what kubelet has said releases an address', (t) => {
  fc.assert(
    fc.property(
      anyAddress,
      fc.option(fact, { nil: undefined }),
      fc.option(fact, { nil: undefined }),
      (address, pod, deleted) => {
        const about = { nodeName, pods: { get: () => pod, deletedHere: () => deleted }, followedForMs: undefined };
        if (verdictOn(address, about)?.says !== 'released') return;
        const isSaid = pod === undefined ? deleted?.uid === address.uid : pod.hasEnded && pod.uid === address.uid;
        t.true(isSaid);
      },
    ),
  );
});

test('a runtime that knows none of those who hold addresses is not believed about namespaces that nobody sees', (t) => {
  const of = (containerId: string) =>
    ({ address: containerId, containerId, ifname: 'eth0', netns: 'unknown', ageMs: youngestLeakMs + 1 }) as const;
  const both = [of('c1'), of('c2')];
  t.deepEqual(leakedAddresses(both, new Set()), []);
  t.deepEqual(leakedAddresses(both, new Set(['of another runtime'])), []);
  t.deepEqual(leakedAddresses(both, new Set(['c2'])), [of('c1')]);
});

test('nothing is said of a pod that no node was found for yet', (t) => {
  t.is(
    said(kept('u1', 'stateful-set'), evidence(podJson({ uid: 'u2', owner: 'StatefulSet', node: '' }), followed)),
    'none',
  );
});

test('an address has leaked when no sandbox has it, its namespace is gone and it is old enough', (t) => {
  const held = {
    address: '10.244.3.7',
    containerId: 'c1',
    ifname: 'eth0',
    netns: 'gone',
    ageMs: youngestLeakMs + 1,
  } as const;
  const none = new Set<string>();
  t.deepEqual(leakedAddresses([held], none), [held]);
  t.deepEqual(leakedAddresses([held], undefined), [], 'the runtime did not answer');
  t.deepEqual(leakedAddresses([held], new Set(['c1'])), [], 'a sandbox in any state has it');
  t.deepEqual(leakedAddresses([{ ...held, netns: 'alive' }], none), [], 'its namespace is there');
  t.deepEqual(leakedAddresses([{ ...held, ageMs: youngestLeakMs }], none), [], 'it is too young');
});
