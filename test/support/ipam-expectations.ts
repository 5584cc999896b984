// What must hold of an ADD's answer, and of a node at any moment, whatever has happened to it.
import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '../../src/ipam/address.ts';
import { walkRangeSet } from '../../src/ipam/allocator/walk-range-set.ts';
import type { NetworkState } from '../../src/ipam/directory/network-state.ts';
import { type RangeSet, rangeOf } from '../../src/ipam/range.ts';
import { dataDir, network } from './ipam-node.ts';
import type { IpamWorld } from './ipam-world.ts';

export function expectWellGiven(
  world: IpamWorld,
  address: string,
  { key, set, before, isKept }: { key: string; set: RangeSet; before: NetworkState; isKept: boolean },
): void {
  const inSet = (text: string): boolean => rangeOf(set, parseAddress(text)!) !== undefined;
  assert.ok(inSet(address));
  const holder = world.sandboxes.find((one) => world.isLive(one) && one.addresses.includes(address));
  assert.equal(holder, undefined, `${address} has an owner that lives`);
  const own = [...world.claims].filter(([text, owner]) => owner === key && inSet(text)).map(([text]) => text);
  const returnable = own.filter((text) => isFreeFor(world, text, before));
  if (isKept && returnable.length > 0) {
    world.seen.sticky++;
    // Also one that plain host-local has given the pod, and that was found to be its own in the sweep.
    const record = before.records.get(address);
    const isFound = record !== undefined && `${record.name} ${record.ifname}` === key;
    assert.ok(isFound || returnable.includes(address), `${key} had ${returnable.join(' ')} and was given ${address}`);
    return;
  }
  const owner = world.claims.get(address);
  const record = before.records.get(address);
  if (owner === undefined || owner === key || record === undefined) return;
  assert.notEqual(record.verdict?.by, 'operator', `${address} is pinned to ${owner}`);
  if (isOver(world, record)) return;
  world.seen.stolen++;
  const free = [...walkRangeSet(set, undefined)]
    .map((candidate) => formatAddress(candidate.address))
    .filter((text) => !before.reservations.has(text) && !before.records.has(text));
  assert.deepEqual(free, [], `${address} was taken from ${owner} though others were free`);
}

/** No capacity is lost: what is not given out is held, or the policy keeps it. */
export function expectFull(world: IpamWorld, before: NetworkState): void {
  const { nowMs, uptimeMs } = world.node;
  const isFull = (set: RangeSet): boolean =>
    [...walkRangeSet(set, undefined)].every(({ address }) => {
      const text = formatAddress(address);
      const record = before.records.get(text);
      if (before.reservations.has(text)) return true;
      if (record === undefined || isOver(world, record)) return false;
      if (record.verdict?.by === 'operator') return true;
      if (record.state === 'cooling') return nowMs - record.since < 30_000;
      return record.state !== 'released' && uptimeMs < 600_000;
    });
  assert.ok(world.node.rangeSets.some(isFull), 'refused with an address to give');
}

/** Nobody holds it, or a sandbox of its own pod that is dead. */
function isFreeFor(world: IpamWorld, address: string, { reservations }: NetworkState): boolean {
  const holder = reservations.get(address);
  if (holder === undefined) return true;
  const sandbox = world.sandboxes.find(({ containerId }) => containerId === holder.containerId)!;
  const isOfItsPod = world.claims.get(address) === `${sandbox.pod} ${sandbox.ifname}` && sandbox.pod !== '';
  return isOfItsPod && !world.node.liveNetns.has(`/run/netns/${sandbox.containerId}`);
}

function isOver(
  world: IpamWorld,
  {
    state,
    since,
    ttlMs,
    cooldownMs,
  }: {
    state: string;
    since: number;
    ttlMs: number;
    cooldownMs: number;
  },
): boolean {
  const waitedMs = world.node.nowMs - since;
  return (state === 'released' && waitedMs >= ttlMs) || (state === 'cooling' && waitedMs >= cooldownMs);
}

/** What holds at any moment. */
export function expectAllWell(world: IpamWorld): void {
  const state = world.node.state();
  for (const sandbox of world.sandboxes.filter((one) => world.isLive(one))) {
    for (const address of sandbox.addresses) {
      const { containerId, ifname } = state.reservations.get(address) ?? {};
      assert.equal(
        `${containerId} ${ifname}`,
        `${sandbox.containerId} ${sandbox.ifname}`,
        `${address} is not its owner's`,
      );
    }
  }
  const directory = `${dataDir}/${network}`;
  for (const name of world.node.disk.list(directory).files) {
    const text = world.node.file(name) ?? '';
    const isCursor = /^last_reserved_ip\.\d+$/.test(name) && parseAddress(text) !== undefined;
    const isReservation =
      formatAddress(parseAddress(name) ?? { family: 4, value: 0n }) === name && /^\w+\r\n\w+$/.test(text);
    assert.ok(isCursor || isReservation, `host-local cannot read ${name}: ${JSON.stringify(text)}`);
  }
  for (const [address, key] of world.claims) {
    const record = state.records.get(address);
    assert.equal(record && `${record.name} ${record.ifname}`, key, `who ${address} was given to is forgotten`);
  }
}
