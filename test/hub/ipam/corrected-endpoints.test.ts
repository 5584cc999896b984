import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { correctedEndpoints, type MovedPod, type MovedPods } from '../../../src/hub/ipam/corrected-endpoints.ts';
import { podStateOf } from '../../../src/hub/ipam/pod-state.ts';

const moved = (state: Partial<MovedPod> = {}): MovedPod => ({
  uid: 'u1',
  isOnHostNetwork: false,
  addresses: ['10.244.3.9', 'fd00::9'],
  isReady: true,
  isLeaving: false,
  hasEnded: false,
  former: new Set(['10.244.3.7', 'fd00::7']),
  isSettling: true,
  ...state,
});
const pods = (state?: Partial<MovedPod>): MovedPods => new Map([['shop/web-0', moved(state)]]);

const target = { kind: 'Pod', namespace: 'shop', name: 'web-0', uid: 'u1' };
const ready = { ready: true, serving: true, terminating: false };
const notReady = { ready: false, serving: false, terminating: false };

function slice(address: string, more: JsonObject = {}, addressType = 'IPv4'): JsonObject {
  const endpoint = {
    addresses: [address],
    conditions: ready,
    nodeName: 'edge-1',
    targetRef: target,
    zone: 'a',
    ...more,
  };
  return { kind: 'EndpointSlice', addressType, endpoints: [other, endpoint] };
}
const other: JsonObject = {
  addresses: ['10.244.9.1'],
  conditions: ready,
  targetRef: { ...target, name: 'web-1', uid: 'u2' },
};

function endpoints(ip: string, member = 'addresses'): JsonObject {
  const address = { ip, nodeName: 'edge-1', targetRef: target };
  return { kind: 'Endpoints', subsets: [{ [member]: [address], ports: [{ port: 80 }] }] };
}

test('a slice shows the address that its pod has now', (t) => {
  t.deepEqual(correctedEndpoints(slice('10.244.3.7'), pods()), slice('10.244.3.9'));
  t.deepEqual(correctedEndpoints(slice('fd00::7', {}, 'IPv6'), pods()), slice('fd00::9', {}, 'IPv6'));
});

test('ready, serving and terminating are those of the pod', (t) => {
  const at = (conditions: JsonObject): JsonObject => slice('10.244.3.9', { conditions });
  const correct = (state: Partial<MovedPod>, publishes?: boolean): JsonObject =>
    correctedEndpoints(slice('10.244.3.7'), pods(state), publishes);
  t.deepEqual(correct({ isReady: false }), at(notReady));
  t.deepEqual(correct({ isLeaving: true }), at({ ready: false, serving: true, terminating: true }));
  t.deepEqual(correct({ isReady: false }, true), at({ ready: true, serving: false, terminating: false }));
  const published = { ready: true, serving: false, terminating: false };
  const shown = correctedEndpoints(slice('10.244.3.7', { conditions: published }), pods({ isReady: false }));
  t.deepEqual(shown, at(published), 'its Service is not known, and its endpoint was published so before');
});

test('a pod without an address, or one that has ended, has no endpoint', (t) => {
  for (const state of [{ addresses: [] }, { addresses: ['fd00::9'] }, { hasEnded: true }]) {
    t.deepEqual(correctedEndpoints(slice('10.244.3.7'), pods(state)), { ...slice(''), endpoints: [other] });
    const left = correctedEndpoints(endpoints('10.244.3.7'), pods(state));
    t.deepEqual(left, { kind: 'Endpoints', subsets: [] });
  }
});

test('Endpoints show the address, in the list that is right for it', (t) => {
  t.deepEqual(correctedEndpoints(endpoints('10.244.3.7'), pods()), endpoints('10.244.3.9'));
  const unready = correctedEndpoints(endpoints('10.244.3.7'), pods({ isReady: false }));
  t.deepEqual(unready, endpoints('10.244.3.9', 'notReadyAddresses'));
  t.deepEqual(correctedEndpoints(unready, pods({ former: new Set() })), endpoints('10.244.3.9'));
  t.deepEqual(correctedEndpoints(endpoints('10.244.3.7'), pods({ isReady: false }), true), endpoints('10.244.3.9'));
});

test('whatever is not the pod, or not under an address of it, stays as it is', (t) => {
  const untouched: readonly JsonObject[] = [
    slice('10.244.3.7', { targetRef: { ...target, uid: 'u0' } }),
    slice('10.244.3.7', { targetRef: { ...target, namespace: 'other' } }),
    slice('10.244.3.7', { targetRef: { ...target, kind: 'Node' } }),
    slice('192.168.7.7'), // of another network of the pod
    endpoints('192.168.7.7'),
    { kind: 'EndpointSlice', addressType: 'FQDN', endpoints: null as never },
    { kind: 'Endpoints' },
  ];
  for (const object of untouched) t.is(correctedEndpoints(object, pods({ isReady: false })), object);
});

test('what the cloud says of an address that stands is its own once it has heard of the pod', (t) => {
  const object = slice('10.244.3.9', { conditions: notReady });
  t.is(correctedEndpoints(object, pods({ isSettling: false })), object);
  t.deepEqual(correctedEndpoints(object, pods()), slice('10.244.3.9'));
});

const address = fc.constantFrom('10.244.3.7', '10.244.3.8', '10.244.3.9', '192.168.7.7');
const anyPod = fc.record({
  uid: fc.constantFrom('u1', 'u2'),
  isOnHostNetwork: fc.boolean(),
  addresses: fc.uniqueArray(address, { maxLength: 2 }),
  isReady: fc.boolean(),
  isLeaving: fc.boolean(),
  hasEnded: fc.boolean(),
  former: fc.uniqueArray(address).map((all) => new Set(all)),
  isSettling: fc.boolean(),
});
const anyEndpoint = fc.record({
  ip: address,
  uid: fc.constantFrom('u1', 'u2', 'u3'),
  name: fc.constantFrom('web-0', 'web-1'),
  isReady: fc.boolean(),
});

test('no endpoint of a moved pod is left under an address that it has no more, and no other one is changed', (t) => {
  fc.assert(
    fc.property(fc.array(anyEndpoint, { maxLength: 6 }), anyPod, fc.boolean(), (all, found, isSlice) => {
      const former = new Set([...found.former].filter((one) => !found.addresses.includes(one)));
      const pod: MovedPod = { ...found, former };
      const targetOf = (one: (typeof all)[number]): JsonObject => ({ ...target, name: one.name, uid: one.uid });
      const object: JsonObject = isSlice
        ? {
            kind: 'EndpointSlice',
            endpoints: all.map((one) => ({ addresses: [one.ip], conditions: ready, targetRef: targetOf(one) })),
          }
        : {
            kind: 'Endpoints',
            subsets: all.map((one) => ({
              [one.isReady ? 'addresses' : 'notReadyAddresses']: [{ ip: one.ip, targetRef: targetOf(one) }],
            })),
          };
      const by = new Map([['shop/web-0', pod]]);
      const corrected = correctedEndpoints(object, by);
      t.is(correctedEndpoints(corrected, by), corrected, 'once is enough');
      const left = addressesIn(corrected);
      for (const { ip, uid, name } of all.filter((one) => one.name !== 'web-0' || one.uid !== pod.uid))
        t.true(left.includes(`${name} ${uid} ${ip}`));
      for (const one of former) t.false(left.includes(`web-0 ${pod.uid} ${one}`));
    }),
  );
});

function addressesIn({ endpoints: slices = [], subsets = [] }: JsonObject): string[] {
  const said = (ip: unknown, { name, uid }: JsonObject): string => `${name} ${uid} ${ip}`;
  return [
    ...(slices as JsonObject[]).map((one) => said((one.addresses as string[])[0], one.targetRef as JsonObject)),
    ...(subsets as JsonObject[])
      .flatMap(({ addresses = [], notReadyAddresses = [] }) => [
        ...(addresses as JsonObject[]),
        ...(notReadyAddresses as JsonObject[]),
      ])
      .map((one) => said(one.ip, one.targetRef as JsonObject)),
  ];
}

test('what a pod says of itself', (t) => {
  const pod = {
    metadata: { uid: 'u1' },
    spec: {},
    status: {
      phase: 'Running',
      podIP: '10.244.3.7',
      podIPs: [{ ip: '10.244.3.7' }, { ip: 'fd00::7' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
  const state = podStateOf(pod);
  t.deepEqual(state.addresses, ['10.244.3.7', 'fd00::7']);
  t.true(state.isReady);
  t.deepEqual(podStateOf({ ...pod, status: { podIP: null, podIPs: null } }).addresses, []);
});
