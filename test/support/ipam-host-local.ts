// Plain host-local at work on the directory of a node that ./ipam-model.ts lives through, and libcni that remembers it.
import { formatAddress, parseAddress } from '../../src/ipam/address.ts';
import { walkRangeSet } from '../../src/ipam/allocator/walk-range-set.ts';
import { dataDir, network } from './ipam-node.ts';
import type { IpamWorld, Sandbox } from './ipam-world.ts';

export function hostLocalAdd(world: IpamWorld, pod: number): void {
  const { node } = world;
  const sandbox = world.newSandbox({ pod, ifname: 'eth0', uid: 0 }, false);
  const cursor = node.file('last_reserved_ip.0');
  const set = node.rangeSets[0]!;
  for (const { address } of walkRangeSet(set, cursor === undefined ? undefined : parseAddress(cursor))) {
    const text = formatAddress(address);
    if (node.file(text) !== undefined) continue;
    node.disk.put(`${dataDir}/${network}/${text}`, `${sandbox.containerId}\r\neth0`);
    node.disk.put(`${dataDir}/${network}/last_reserved_ip.0`, text);
    const netns = `/run/netns/${sandbox.containerId}`;
    const { containerId, ifname, uid } = sandbox;
    const known = { containerId, ifname, netns, pod: { namespace: 'default', name: sandbox.pod, uid } };
    node.liveNetns.add(netns);
    node.cache.set(`${network}-${containerId}-eth0`, known);
    world.sandboxes.push({ ...sandbox, addresses: [text] });
    world.claims.delete(text);
    return;
  }
}

export function hostLocalDel(world: IpamWorld, sandbox: Sandbox): void {
  const { node } = world;
  for (const { address, containerId, ifname } of node.state().reservations.values()) {
    if (containerId === sandbox.containerId && ifname === sandbox.ifname) {
      node.disk.remove(`${dataDir}/${network}/${address}`);
    }
  }
  node.liveNetns.delete(`/run/netns/${sandbox.containerId}`);
  node.cache.delete(`${network}-${sandbox.containerId}-${sandbox.ifname}`);
  sandbox.isAttached = false;
}
