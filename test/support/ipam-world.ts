// What ./ipam-model.ts goes by: a node, the sandboxes that it has had, and who was promised which address.
import type { NetworkState } from '../../src/ipam/directory/network-state.ts';
import { IpamNode } from './ipam-node.ts';

export interface Sandbox {
  readonly pod: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly uid: string;
  readonly addresses: readonly string[];
  /** It was given its addresses, and nobody has taken them away. */
  isAttached: boolean;
}

/** The pod whose addresses come and go as with host-local. */
export const optedOut = 'pod5';

export class IpamWorld {
  readonly node = new IpamNode();
  readonly sandboxes: Sandbox[] = [];
  /** Address → `pod ifname`: it was given to that pod, and to nobody since; not released, not expired. */
  readonly claims = new Map<string, string>();
  /** How often each thing was seen, so that a test can tell that it has not looked at nothing. */
  readonly seen = { sticky: 0, stolen: 0, full: 0, accidents: 0, swept: 0 };
  boot = 1;
  /** The last that was to be made. */
  latest: Sandbox | undefined;
  #count = 0;

  newSandbox({ pod, ifname, uid }: { pod: number; ifname: string; uid: number }, isAnonymous: boolean): Sandbox {
    const name = isAnonymous ? '' : `pod${pod}`;
    const containerId = `c${++this.#count}`;
    this.latest = { pod: name, containerId, ifname, uid: `uid${uid}`, addresses: [], isAttached: true };
    return this.latest;
  }

  /** Counted from the youngest, round and round. */
  sandboxAt(at: number): Sandbox | undefined {
    return this.sandboxes.at(-1 - (at % Math.max(1, this.sandboxes.length)));
  }

  isLive(sandbox: Sandbox): boolean {
    return sandbox.isAttached && this.node.liveNetns.has(`/run/netns/${sandbox.containerId}`);
  }

  /** As it is once the boot's sweep is done, which any verb does first. */
  swept(): NetworkState {
    const twin = this.#twin();
    twin.del({ pod: '', containerId: 'nobody' });
    return twin.state();
  }

  #twin(): IpamNode {
    const twin = new IpamNode(this.node.disk.copy());
    const { rangeSets, retain, nowMs, uptimeMs } = this.node;
    Object.assign(twin, { rangeSets, retain, nowMs, uptimeMs });
    for (let boot = 1; boot < this.boot; boot++) twin.reboot();
    Object.assign(twin, { nowMs, uptimeMs });
    for (const path of this.node.liveNetns) twin.liveNetns.add(path);
    for (const [key, cached] of this.node.cache) twin.cache.set(key, cached);
    return twin;
  }
}

/** Address → `container ifname`. */
export const reservationsOf = ({ reservations }: NetworkState): Record<string, string> =>
  Object.fromEntries(
    [...reservations].sort().map(([address, { containerId, ifname }]) => [address, `${containerId} ${ifname}`]),
  );
