// An event that is interrupted: the process is killed in the middle, or the power is lost; and what may be of it afterwards.
import assert from 'node:assert/strict';
import type { NetworkState } from '../../src/ipam/directory/network-state.ts';
import type { Accident, Event } from './ipam-events.ts';
import type { IpamWorld } from './ipam-world.ts';
import { Killed } from './memory-disk.ts';

/** The process is killed in the middle, and with `power` the machine loses what nobody synced; then it starts anew. */
export function interrupt(
  world: IpamWorld,
  event: Event,
  { kind, after, seed }: Accident,
  { happen, reboot }: { readonly happen: (event: Event) => void; readonly reboot: () => void },
): void {
  const { node } = world;
  const before = world.swept();
  const copy = node.disk.copy();
  node.disk.settle();
  node.disk.killAfter(after);
  let wasKilled = false;
  try {
    happen(event);
  } catch (error) {
    if (!isKilled(error)) throw error;
    wasKilled = true;
  }
  node.disk.revive();
  if (wasKilled) expectNothingElse(world, event, before);
  if (kind === 'power') {
    let bits = seed;
    const isKept = (): boolean => {
      bits = (Math.imul(bits, 1103515245) + 12345) >>> 0;
      return (bits & 0x10000) !== 0;
    };
    node.disk = node.disk.afterPowerLoss(copy, isKept);
  }
  if (wasKilled) forgetInterrupted(world, event);
  if (kind === 'power') reboot();
  world.seen.accidents++;
  assert.deepEqual(node.state().ownerless, [], 'no file of ours names no owner');
  assert.deepEqual(node.state().damaged, [], 'no record of ours is torn');
}

/** Nobody was answered: what was to be changed may be as before or as after, and nothing else has changed. */
function expectNothingElse(world: IpamWorld, event: Event, before: NetworkState): void {
  const now = world.swept();
  const gone = event.do === 'del' ? world.sandboxAt(event.at)?.containerId : undefined;
  for (const [address, { containerId }] of now.reservations) {
    if (before.reservations.get(address)?.containerId !== containerId) {
      assert.equal(containerId, world.latest?.containerId, address);
    }
  }
  const maySweep = event.do === 'gc' || event.do === 'reclaim' || event.do === 'release' || event.do === 'add';
  for (const [address, { containerId }] of before.reservations) {
    if (!now.reservations.has(address) && !maySweep) assert.equal(containerId, gone, address);
  }
}

/** What the interrupted event may have changed is what it is now. */
function forgetInterrupted(world: IpamWorld, event: Event): void {
  const { node } = world;
  const now = world.swept();
  for (const [address, owner] of [...world.claims]) {
    const record = now.records.get(address);
    const isThere = record !== undefined && `${record.name} ${record.ifname}` === owner;
    if (isThere) continue;
    assert.ok(event.do === 'add' || event.do === 'release' || event.do === 'expire' || event.do === 'add-anonymous');
    world.claims.delete(address);
  }
  for (const sandbox of world.sandboxes) {
    const isHeld = sandbox.addresses.every(
      (address) => now.reservations.get(address)?.containerId === sandbox.containerId,
    );
    if (!isHeld) sandbox.isAttached = false;
  }
  if ((event.do !== 'add' && event.do !== 'add-anonymous') || world.latest === undefined) return;
  const id = world.latest.containerId;
  // The runtime takes down what it could not set up, and may come too late to say so.
  node.liveNetns.delete(`/run/netns/${id}`);
  const addresses = [...now.reservations.values()].filter(({ containerId }) => containerId === id);
  world.sandboxes.push({ ...world.latest, addresses: addresses.map(({ address }) => address) });
  for (const { address, name, ifname, containerId } of now.records.values()) {
    if (containerId === id) world.claims.set(address, `${name} ${ifname}`);
  }
}

export const isKilled = (error: unknown): boolean =>
  error instanceof Killed ||
  (error instanceof Error && isCausedByKill(error)) ||
  (error instanceof AggregateError && error.errors.some(isKilled));

const isCausedByKill = ({ cause }: Error): boolean => cause !== undefined && isKilled(cause);
