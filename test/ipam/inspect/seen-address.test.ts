import test from 'ava';
import fc from 'fast-check';
import type { NetnsLiveness } from '../../../src/ipam/directory/facts.ts';
import { seenAddresses } from '../../../src/ipam/inspect/seen-address.ts';
import { factsOf, networkState, reservationOf, retentionRecord, stateNowMs } from '../../support/network-state.ts';

const netns = '/run/netns/cni-1';
const cached = { containerId: 'c1', ifname: 'eth0', netns, pod: { namespace: 'shop', name: 'web-1', uid: 'u1' } };
const held = reservationOf('10.244.3.7', 'c1');

const rows = [
  { title: 'on record, sandbox there', reservations: [held], records: [retentionRecord()], alive: 'alive', is: 'held' },
  { title: 'on record, sandbox gone', reservations: [held], records: [retentionRecord()], alive: 'dead', is: 'leaked' },
  { title: 'cannot be looked at', reservations: [held], records: [retentionRecord()], alive: 'unknown', is: 'held' },
  {
    title: 'of an earlier boot',
    reservations: [held],
    records: [retentionRecord({ bootId: 'another' })],
    alive: 'unknown',
    is: 'leaked',
  },
  { title: 'known to libcni only', reservations: [held], cached: [cached], alive: 'alive', is: 'held' },
  { title: 'known to libcni only, gone', reservations: [held], cached: [cached], alive: 'dead', is: 'leaked' },
  {
    title: 'a legacy file without interface',
    reservations: [reservationOf('10.244.3.7', 'c1', undefined)],
    records: [retentionRecord()],
    alive: 'alive',
    is: 'held',
  },
  { title: 'known to nobody', reservations: [held], alive: 'dead', is: 'unclear' },
  {
    title: 'somebody else at an address on record',
    reservations: [reservationOf('10.244.3.7', 'c2')],
    records: [retentionRecord()],
    alive: 'dead',
    is: 'unclear',
  },
  { title: 'empty file', ownerless: ['10.244.3.7'], alive: 'unknown', is: 'ownerless' },
  { title: 'a directory in its place', blocked: ['10.244.3.7'], alive: 'unknown', is: 'blocked' },
  { title: 'torn record', damaged: ['10.244.3.7.json'], alive: 'unknown', is: 'damaged' },
  { title: 'kept', records: [retentionRecord({ state: 'unconfirmed' })], alive: 'dead', is: 'unconfirmed' },
  { title: 'a DEL that was killed half-way', records: [retentionRecord()], alive: 'dead', is: 'unconfirmed' },
  { title: 'pinned', records: [retentionRecord({ state: 'pinned' })], alive: 'dead', is: 'pinned' },
] as const;

for (const { title, is, alive, ...written } of rows) {
  test(`an address is shown as it is: ${title}`, (t) => {
    const facts = factsOf({ netns: { [netns]: alive }, cached: 'cached' in written ? written.cached : [] });
    const [seen, ...more] = seenAddresses(networkState(written), facts);
    t.is(seen?.state, is);
    t.is(seen?.address, '10.244.3.7');
    t.deepEqual(more, []);
  });
}

test('a released address says when it is free', (t) => {
  const record = retentionRecord({ state: 'released', since: stateNowMs });
  t.is(seenAddresses(networkState({ records: [record] }), factsOf())[0]?.freeAtMs, stateNowMs + 168 * 3_600_000);
  const cooling = retentionRecord({ state: 'cooling', since: stateNowMs });
  t.is(seenAddresses(networkState({ records: [cooling] }), factsOf())[0]?.freeAtMs, stateNowMs + 60_000);
});

test('addresses come in the order of their numbers, IPv4 first', (t) => {
  const some = ['fd00::10', '10.0.0.10', 'fd00::9', '10.0.0.9'].map((one) => reservationOf(one, 'c'));
  const shown = seenAddresses(networkState({ reservations: some }), factsOf()).map(({ address }) => address);
  t.deepEqual(shown, ['10.0.0.9', '10.0.0.10', 'fd00::9', 'fd00::10']);
});

test('every address is shown once, and none as leaked whose sandbox may be there', (t) => {
  const some = fc.subarray(['10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::2']);
  const liveness = fc.constantFrom<NetnsLiveness>('alive', 'dead', 'unknown');
  const boot = fc.constantFrom('this-boot', 'another', '');
  fc.assert(
    fc.property(some, some, liveness, boot, (files, recorded, alive, bootId) => {
      const state = networkState({
        reservations: files.map((one) => reservationOf(one, 'c1')),
        records: recorded.map((address) => retentionRecord({ address, bootId })),
      });
      const seen = seenAddresses(state, factsOf({ netns: { [netns]: alive } }));
      t.deepEqual(seen.map(({ address }) => address).sort(), [...new Set([...files, ...recorded])].sort());
      const mayBeThere = alive !== 'dead' && bootId !== 'another';
      t.false(mayBeThere && seen.some((one) => one.state === 'leaked'));
      for (const one of seen) t.is(one.reservation !== undefined, files.includes(one.address));
    }),
  );
});

test('an address that is kept for longer than there are dates is shown all the same', (t) => {
  const records = [retentionRecord({ state: 'released', ttlMs: Number.MAX_SAFE_INTEGER })];
  const [seen] = seenAddresses(networkState({ records }), factsOf());
  t.notThrows(() => new Date(seen!.freeAtMs!).toISOString());
});
