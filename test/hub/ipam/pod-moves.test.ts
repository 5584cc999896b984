import test from 'ava';
import { PodMoves, settlingMs } from '../../../src/hub/ipam/pod-moves.ts';
import type { PodState } from '../../../src/hub/ipam/pod-state.ts';

const [a, b] = ['10.244.3.7', '10.244.3.9'];
const state = (addresses: readonly string[], more: Partial<PodState> = {}): PodState => ({
  uid: 'u1',
  isOnHostNetwork: false,
  addresses,
  isReady: true,
  isLeaving: false,
  hasEnded: false,
  ...more,
});
const seen = (shown: PodState, cloud: PodState | undefined = shown) => [{ key: 'shop/web-0', shown, cloud }];

test('a change of address is told once, also over a time without any', (t) => {
  const moves = new PodMoves();
  t.deepEqual(moves.see(seen(state([a])), 0), []);
  t.deepEqual(moves.see(seen(state([]), state([a])), 1), []);
  t.deepEqual(moves.see(seen(state([b]), state([a])), 2), [{ key: 'shop/web-0', uid: 'u1', from: [a], to: [b] }]);
  t.deepEqual(moves.see(seen(state([b]), state([a])), 3), []);
});

test('what an earlier life has told is not told again, and its former address is known', (t) => {
  const moves = new PodMoves();
  t.deepEqual(moves.see(seen(state([b]), state([a])), 0), []);
  t.deepEqual([...moves.moved(0).get('shop/web-0')!.former], [a]);
});

test('of a pod that is gone all addresses are former ones, until the cloud shows them no more', (t) => {
  const moves = new PodMoves();
  moves.see(seen(state([b]), state([a])), 0);
  moves.see([{ key: 'shop/web-0', shown: undefined, cloud: state([a]) }], 1);
  const gone = moves.moved(1).get('shop/web-0')!;
  t.deepEqual([[...gone.former].sort(), gone.addresses, gone.hasEnded], [[a, b], [], true]);
  moves.see([], 2);
  t.deepEqual([...moves.moved(2).get('shop/web-0')!.former].sort(), [a, b]);
  moves.keep(new Set());
  moves.see([], 3);
  t.is(moves.moved(3).size, 0);
  moves.see(seen(state([a])), 4);
  t.deepEqual([...moves.moved(4 + settlingMs).keys()], []);
});

test('another pod of the same name has no former addresses', (t) => {
  const moves = new PodMoves();
  moves.see(seen(state([a])), 0);
  t.deepEqual(moves.see(seen(state([b], { uid: 'u2' })), 1), []);
  t.is(moves.moved(1 + settlingMs).size, 0);
});

test('a former address is remembered until the cloud shows it no more, and readiness a while longer than the cloud lacked it', (t) => {
  const moves = new PodMoves();
  moves.see(seen(state([b], { isReady: false }), state([a])), 0);
  const hourMs = 3_600_000;
  t.true(moves.moved(hourMs).get('shop/web-0')!.isSettling, 'the cloud has not heard of it yet');
  t.false(moves.isPassing(hourMs));
  moves.see(seen(state([b], { isReady: false })), hourMs);
  t.true(moves.moved(hourMs).get('shop/web-0')!.isSettling);
  t.true(moves.isPassing(hourMs));
  const later = hourMs + settlingMs;
  t.false(moves.isPassing(later));
  t.false(moves.moved(later).get('shop/web-0')!.isSettling);
  moves.keep(new Set(['u1']));
  t.is(moves.moved(later).size, 1);
  moves.keep(new Set());
  t.is(moves.moved(later).size, 0);
});
