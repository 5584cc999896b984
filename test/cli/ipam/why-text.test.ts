import test from 'ava';
import { addressJson, chosen, renderAddresses } from '../../../src/cli/ipam/ls-text.ts';
import { renderWhy } from '../../../src/cli/ipam/why-text.ts';
import { seenAddresses } from '../../../src/ipam/inspect/seen-address.ts';
import { factsOf, networkState, reservationOf, retentionRecord, stateNowMs } from '../../support/network-state.ts';

const cached = {
  containerId: 'c4',
  ifname: 'eth0',
  netns: '/run/netns/cni-4',
  pod: { namespace: 'shop', name: 'db-0', uid: '' },
};
const verdict = {
  says: 'pinned',
  by: 'hub',
  keep: 'ttl',
  at: stateNowMs - 60_000,
  resourceVersion: '7',
  evidence: 'its pod is there',
} as const;
const gone = { ...verdict, says: 'released', evidence: 'kubelet has deleted its pod' } as const;
const address = (last: number) => `10.244.3.${last}`;
const seen = seenAddresses(
  networkState({
    reservations: [2, 3, 4, 5, 6].map((last) => reservationOf(address(last), `c${last}`)),
    ownerless: [address(7)],
    damaged: [`${address(8)}.json`],
    records: [
      retentionRecord({ address: address(2), containerId: 'c2', netns: '/run/netns/cni-2', verdict }),
      retentionRecord({ address: address(3), containerId: 'c3', netns: '/run/netns/cni-3', bootId: 'another' }),
      retentionRecord({ address: address(6), containerId: 'c-of-before' }),
      retentionRecord({ address: address(9), state: 'unconfirmed' }),
      retentionRecord({ address: address(10), state: 'pinned', verdict }),
      retentionRecord({ address: address(11), state: 'pinned', verdict: { ...verdict, by: 'operator' } }),
      retentionRecord({ address: address(12), state: 'released', verdict: gone }),
      retentionRecord({ address: address(13), state: 'cooling', verdict: { ...gone, keep: 'cooldown' } }),
    ],
  }),
  factsOf({
    netns: { '/run/netns/cni-2': 'alive', '/run/netns/cni-3': 'dead', '/run/netns/cni-4': 'alive' },
    cached: [cached],
  }),
);

test('why tells state, evidence and next step of an address in every state', (t) => {
  for (const one of seen) {
    t.snapshot(renderWhy(one, `/var/lib/cni/networks/edge-pods/${one.address}`, []), `${one.address} ${one.state}`);
  }
});

test('ls shows each address in a line, and counts', (t) => {
  t.snapshot(renderAddresses(seen, seen, stateNowMs));
});

test('--leaked and --parked show what nobody uses', (t) => {
  const states = (leaked: boolean, parked: boolean) => [
    ...new Set(chosen(seen, { leaked, parked }).map(({ state }) => state)),
  ];
  t.deepEqual(states(true, false), ['leaked', 'unclear', 'ownerless']);
  t.deepEqual(states(false, true), ['unconfirmed', 'pinned', 'released', 'cooling']);
  t.is(chosen(seen, { leaked: false, parked: false }).length, seen.length);
  t.regex(renderAddresses([], seen, stateNowMs), /^None of that\. 2 held/);
});

test('the log’s latest lines follow, and nothing in them reaches the terminal as a command', (t) => {
  const evil = '\u001b[2J\n';
  const entry = { time: evil, bootId: '', verb: 'add', address: evil, key: evil, from: evil, to: '', reason: evil };
  const text = renderWhy(seen[0]!, evil, [entry]);
  t.notRegex(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
});

test('json says in full what the table says', (t) => {
  t.snapshot(seen.slice(0, 2).map(addressJson));
});
