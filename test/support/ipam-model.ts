// Random lives of a node, and what must hold in each of them after every event: a model that knows only who was promised
// what, beside the plugin's own code on a disk in memory.
import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '../../src/ipam/address.ts';
import { walkRangeSet } from '../../src/ipam/allocator/walk-range-set.ts';
import { CniError } from '../../src/ipam/cni/cni-error.ts';
import { defaultRetainPolicy } from '../../src/ipam/cni/retain-policy.ts';
import type { NetworkState } from '../../src/ipam/directory/network-state.ts';
import { type RangeSet, rangeOf } from '../../src/ipam/range.ts';
import { type Accident, type Event, layouts, type Said } from './ipam-events.ts';
import { dataDir, IpamNode, network } from './ipam-node.ts';
import { Killed } from './memory-disk.ts';

interface Sandbox {
  readonly pod: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly uid: string;
  readonly addresses: readonly string[];
  readonly boot: number;
  /** It was given its addresses, and nobody has taken them away. */
  isAttached: boolean;
}

const optedOut = 'pod5';

export class IpamModel {
  readonly node = new IpamNode();
  readonly #sandboxes: Sandbox[] = [];
  /** Address → `pod ifname`: it was given to that pod, and to nobody since; not released, not expired. */
  readonly #claims = new Map<string, string>();
  #boot = 1;
  #count = 0;
  /** How often each thing was seen, so that a test can tell that it has not looked at nothing. */
  readonly seen = { sticky: 0, stolen: 0, full: 0, accidents: 0, swept: 0 };

  live(event: Event, accident: Accident = { kind: 'none', after: 0, seed: 0 }): void {
    if (accident.kind === 'none') this.#happen(event);
    else this.#interrupt(event, accident);
    this.#look();
  }

  #happen(event: Event): void {
    const { node } = this;
    const sandbox =
      'at' in event ? this.#sandboxes.at(-1 - (event.at % Math.max(1, this.#sandboxes.length))) : undefined;
    if (event.do === 'add') this.#add(event);
    else if (event.do === 'add-anonymous') this.#add({ ...event, ifname: 'eth0', uid: 0 }, true);
    else if (event.do === 'expire') for (const address of node.retention.expire(network)) this.#claims.delete(address);
    else if (event.do === 'reboot') this.#reboot();
    else if (event.do === 'pass') node.pass(event.ms);
    else if (event.do === 'ranges') node.rangeSets = layouts[event.at]!;
    else if (event.do === 'gc') this.#gc();
    else if (event.do === 'host-local-add') this.#hostLocalAdd(event.pod);
    else if (event.do === 'verdict' || event.do === 'release' || event.do === 'pin') this.#say(event);
    else if (sandbox !== undefined) this.#end(event.do, sandbox);
  }

  #end(how: 'del' | 'die' | 'reclaim' | 'host-local-del', sandbox: Sandbox): void {
    const { node } = this;
    if (how === 'del') this.#del(sandbox);
    else if (how === 'die') node.liveNetns.delete(`/run/netns/${sandbox.containerId}`);
    else if (how === 'host-local-del') this.#hostLocalDel(sandbox);
    else if (!this.#isLive(sandbox)) {
      for (const address of sandbox.addresses) {
        node.retention.reclaim(network, { address, containerId: sandbox.containerId });
      }
      sandbox.isAttached = false;
    }
  }

  #isLive(sandbox: Sandbox): boolean {
    return sandbox.isAttached && this.node.liveNetns.has(`/run/netns/${sandbox.containerId}`);
  }

  /** As it is once the boot's sweep is done, which any verb does first. */
  #swept(): NetworkState {
    const twin = this.#twin();
    twin.del({ pod: '', containerId: 'nobody' });
    return twin.state();
  }

  #twin(): IpamNode {
    const twin = new IpamNode(this.node.disk.copy());
    const { rangeSets, retain, nowMs, uptimeMs } = this.node;
    Object.assign(twin, { rangeSets, retain, nowMs, uptimeMs });
    for (let boot = 1; boot < this.#boot; boot++) twin.reboot();
    Object.assign(twin, { nowMs, uptimeMs });
    for (const path of this.node.liveNetns) twin.liveNetns.add(path);
    for (const [key, cached] of this.node.cache) twin.cache.set(key, cached);
    return twin;
  }

  #sandboxOf({ pod, ifname, uid }: { pod: number; ifname: string; uid: number }, isAnonymous: boolean): Sandbox {
    const name = isAnonymous ? '' : `pod${pod}`;
    const containerId = `c${++this.#count}`;
    return { pod: name, containerId, ifname, uid: `uid${uid}`, addresses: [], boot: this.#boot, isAttached: true };
  }

  #add(event: { pod: number; ifname: string; uid: number }, isAnonymous = false): void {
    const { node } = this;
    const sandbox = this.#sandboxOf(event, isAnonymous);
    const key = `${sandbox.pod} ${sandbox.ifname}`;
    const isKept = !isAnonymous && sandbox.pod !== optedOut;
    const before = this.#swept();
    const retain = { ...defaultRetainPolicy, enabled: sandbox.pod !== optedOut };
    let given: readonly string[];
    try {
      given = node.add(sandbox, { retain });
    } catch (error) {
      if (!(error instanceof CniError) || isKilled(error)) throw error;
      node.liveNetns.delete(`/run/netns/${sandbox.containerId}`);
      assert.match(error.message, /no IP addresses available in range set/);
      this.seen.full++;
      this.#expectFull(before);
      assert.deepEqual(reservationsOf(node.state()), reservationsOf(before), 'an ADD that was refused holds nothing');
      return;
    }
    for (const [index, address] of given.entries()) {
      const set = node.rangeSets[index]!;
      this.#expectWellGiven(address, { key, set, before, isKept });
      for (const [other, owner] of this.#claims) {
        if (sandbox.pod === optedOut && owner === key && other !== address) this.#claims.delete(other);
      }
      if (isKept) this.#claims.set(address, key);
      else this.#claims.delete(address);
    }
    this.#sandboxes.push({ ...sandbox, addresses: given });
    const after = reservationsOf(node.state());
    for (const address of given) {
      assert.equal(after[address], `${sandbox.containerId} ${sandbox.ifname}`);
      delete after[address];
    }
    const rest = reservationsOf(before);
    for (const address of given) delete rest[address];
    assert.deepEqual(after, rest, 'an ADD touches no other reservation');
  }

  #expectWellGiven(
    address: string,
    { key, set, before, isKept }: { key: string; set: RangeSet; before: NetworkState; isKept: boolean },
  ): void {
    const inSet = (text: string): boolean => rangeOf(set, parseAddress(text)!) !== undefined;
    assert.ok(inSet(address));
    const holder = this.#sandboxes.find((one) => this.#isLive(one) && one.addresses.includes(address));
    assert.equal(holder, undefined, `${address} has an owner that lives`);
    const own = [...this.#claims].filter(([text, owner]) => owner === key && inSet(text)).map(([text]) => text);
    const returnable = own.filter((text) => this.#isFreeFor(text, before));
    if (isKept && returnable.length > 0) {
      this.seen.sticky++;
      // Also one that plain host-local has given the pod, and that was found to be its own in the sweep.
      const record = before.records.get(address);
      const isFound = record !== undefined && `${record.name} ${record.ifname}` === key;
      assert.ok(isFound || returnable.includes(address), `${key} had ${returnable.join(' ')} and was given ${address}`);
      return;
    }
    const owner = this.#claims.get(address);
    const record = before.records.get(address);
    if (owner === undefined || owner === key || record === undefined) return;
    assert.notEqual(record.verdict?.by, 'operator', `${address} is pinned to ${owner}`);
    if (this.#isOver(record)) return;
    this.seen.stolen++;
    const free = [...walkRangeSet(set, undefined)]
      .map((candidate) => formatAddress(candidate.address))
      .filter((text) => !before.reservations.has(text) && !before.records.has(text));
    assert.deepEqual(free, [], `${address} was taken from ${owner} though others were free`);
  }

  #isOver({
    state,
    since,
    ttlMs,
    cooldownMs,
  }: {
    state: string;
    since: number;
    ttlMs: number;
    cooldownMs: number;
  }): boolean {
    const waitedMs = this.node.nowMs - since;
    return (state === 'released' && waitedMs >= ttlMs) || (state === 'cooling' && waitedMs >= cooldownMs);
  }

  /** Nobody holds it, or a sandbox of its own pod that is dead. */
  #isFreeFor(address: string, { reservations }: NetworkState): boolean {
    const holder = reservations.get(address);
    if (holder === undefined) return true;
    const sandbox = this.#sandboxes.find(({ containerId }) => containerId === holder.containerId)!;
    const isOfItsPod = this.#claims.get(address) === `${sandbox.pod} ${sandbox.ifname}` && sandbox.pod !== '';
    return isOfItsPod && !this.node.liveNetns.has(`/run/netns/${sandbox.containerId}`);
  }

  /** No capacity is lost: what is not given out is held, or the policy keeps it. */
  #expectFull(before: NetworkState): void {
    const { nowMs, uptimeMs } = this.node;
    const isFull = (set: RangeSet): boolean =>
      [...walkRangeSet(set, undefined)].every(({ address }) => {
        const text = formatAddress(address);
        const record = before.records.get(text);
        if (before.reservations.has(text)) return true;
        if (record === undefined || this.#isOver(record)) return false;
        if (record.verdict?.by === 'operator') return true;
        if (record.state === 'cooling') return nowMs - record.since < 30_000;
        return record.state !== 'released' && uptimeMs < 600_000;
      });
    assert.ok(this.node.rangeSets.some(isFull), 'refused with an address to give');
  }

  #del(sandbox: Sandbox): void {
    const before = this.#swept();
    this.node.del(sandbox, { retain: { ...defaultRetainPolicy, enabled: sandbox.pod !== optedOut } });
    const rest = Object.entries(reservationsOf(before)).filter(
      ([, owner]) => owner !== `${sandbox.containerId} ${sandbox.ifname}`,
    );
    assert.deepEqual(reservationsOf(this.node.state()), Object.fromEntries(rest), 'a DEL frees its own and no other');
    sandbox.isAttached = false;
  }

  #gc(): void {
    const live = this.#sandboxes.filter((sandbox) => this.#isLive(sandbox));
    this.node.gc(live);
    for (const sandbox of this.#sandboxes) sandbox.isAttached = live.includes(sandbox);
    const holders = [...this.node.state().reservations.values()].map(({ containerId }) => containerId);
    assert.ok(holders.every((id) => live.some(({ containerId }) => containerId === id)));
  }

  #reboot(): void {
    this.node.reboot();
    this.#boot++;
    const { reservations } = this.#swept();
    this.seen.swept++;
    for (const { containerId } of reservations.values()) {
      const sandbox = this.#sandboxes.find((one) => one.containerId === containerId)!;
      assert.ok(sandbox.pod === '' || sandbox.pod === optedOut, `${containerId} holds an address after a reboot`);
    }
  }

  #say(event: Said): void {
    const { retention } = this.node;
    const records = [...this.node.state().records.values()];
    const record = records[event.at % Math.max(1, records.length)];
    if (record === undefined) return;
    if (event.do === 'pin') retention.pin(network, record.address);
    else if (event.do === 'release') {
      if (retention.release(network, record.address) === 'done') this.#claims.delete(record.address);
    } else {
      const { says, keep } = event;
      retention.applyVerdict(network, record, { says, keep, resourceVersion: '1', evidence: 'a model' });
    }
  }

  /** Plain host-local on the same directory, and libcni that remembers it. */
  #hostLocalAdd(pod: number): void {
    const { node } = this;
    const sandbox = this.#sandboxOf({ pod, ifname: 'eth0', uid: 0 }, false);
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
      this.#sandboxes.push({ ...sandbox, addresses: [text] });
      this.#claims.delete(text);
      return;
    }
  }

  #hostLocalDel(sandbox: Sandbox): void {
    const { node } = this;
    for (const { address, containerId, ifname } of node.state().reservations.values()) {
      if (containerId === sandbox.containerId && ifname === sandbox.ifname) {
        node.disk.remove(`${dataDir}/${network}/${address}`);
      }
    }
    node.liveNetns.delete(`/run/netns/${sandbox.containerId}`);
    node.cache.delete(`${network}-${sandbox.containerId}-${sandbox.ifname}`);
    sandbox.isAttached = false;
  }

  /** The process is killed in the middle, and with `power` the machine loses what nobody synced. */
  #interrupt(event: Event, { kind, after, seed }: Accident): void {
    const { node } = this;
    const before = this.#swept();
    const copy = node.disk.copy();
    node.disk.settle();
    node.disk.killAfter(after);
    const count = this.#sandboxes.length;
    let wasKilled = false;
    try {
      this.#happen(event);
    } catch (error) {
      if (!isKilled(error)) throw error;
      wasKilled = true;
    }
    node.disk.revive();
    if (wasKilled) this.#expectNothingElse(event, before, count);
    if (kind === 'power') {
      let bits = seed;
      const isKept = (): boolean => {
        bits = (Math.imul(bits, 1103515245) + 12345) >>> 0;
        return (bits & 0x10000) !== 0;
      };
      node.disk = node.disk.afterPowerLoss(copy, isKept);
    }
    if (wasKilled) this.#forgetInterrupted(event);
    if (kind === 'power') this.#reboot();
    this.seen.accidents++;
    assert.deepEqual(node.state().ownerless, [], 'no file of ours names no owner');
    assert.deepEqual(node.state().damaged, [], 'no record of ours is torn');
  }

  /** Nobody was answered: what was to be changed may be as before or as after, and nothing else has changed. */
  #expectNothingElse(event: Event, before: NetworkState, count: number): void {
    const now = this.#swept();
    const gone = event.do === 'del' ? this.#sandboxes.at(-1 - (event.at % Math.max(1, count)))?.containerId : undefined;
    for (const [address, { containerId }] of now.reservations) {
      if (before.reservations.get(address)?.containerId !== containerId) {
        assert.equal(containerId, `c${this.#count}`, address);
      }
    }
    const maySweep = event.do === 'gc' || event.do === 'reclaim' || event.do === 'release' || event.do === 'add';
    for (const [address, { containerId }] of before.reservations) {
      if (!now.reservations.has(address) && !maySweep) assert.equal(containerId, gone, address);
    }
  }

  /** What the interrupted event may have changed is what it is now. */
  #forgetInterrupted(event: Event): void {
    const { node } = this;
    const now = this.#swept();
    const id = `c${this.#count}`;
    for (const [address, owner] of [...this.#claims]) {
      const record = now.records.get(address);
      const isThere = record !== undefined && `${record.name} ${record.ifname}` === owner;
      if (isThere) continue;
      assert.ok(event.do === 'add' || event.do === 'release' || event.do === 'expire' || event.do === 'add-anonymous');
      this.#claims.delete(address);
    }
    for (const sandbox of this.#sandboxes) {
      const isHeld = sandbox.addresses.every(
        (address) => now.reservations.get(address)?.containerId === sandbox.containerId,
      );
      if (!isHeld) sandbox.isAttached = false;
    }
    if (event.do === 'add' || event.do === 'add-anonymous') {
      // The runtime takes down what it could not set up, and may come too late to say so.
      node.liveNetns.delete(`/run/netns/${id}`);
      const isAnonymous = event.do === 'add-anonymous';
      const name = isAnonymous ? '' : `pod${event.pod}`;
      const ifname = event.do === 'add' ? event.ifname : 'eth0';
      const fixed = { pod: name, containerId: id, ifname, uid: 'uid0', boot: this.#boot };
      const addresses = [...now.reservations.values()].filter(({ containerId }) => containerId === id);
      this.#sandboxes.push({ ...fixed, addresses: addresses.map(({ address }) => address), isAttached: true });
      for (const { address, name: owner, ifname: of, containerId } of now.records.values()) {
        if (containerId === id) this.#claims.set(address, `${owner} ${of}`);
      }
    }
  }

  /** What holds at any moment. */
  #look(): void {
    const state = this.node.state();
    for (const sandbox of this.#sandboxes.filter((one) => this.#isLive(one))) {
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
    for (const name of this.node.disk.list(directory)) {
      const text = this.node.file(name) ?? '';
      const isCursor = /^last_reserved_ip\.\d+$/.test(name) && parseAddress(text) !== undefined;
      const isReservation =
        formatAddress(parseAddress(name) ?? { family: 4, value: 0n }) === name && /^\w+\r\n\w+$/.test(text);
      assert.ok(isCursor || isReservation, `host-local cannot read ${name}: ${JSON.stringify(text)}`);
    }
    for (const [address, key] of this.#claims) {
      const record = state.records.get(address);
      assert.equal(record && `${record.name} ${record.ifname}`, key, `who ${address} was given to is forgotten`);
    }
  }
}

const isKilled = (error: unknown): boolean =>
  error instanceof Killed ||
  (error instanceof Error && isCausedByKill(error)) ||
  (error instanceof AggregateError && error.errors.some(isKilled));

const isCausedByKill = ({ cause }: Error): boolean => cause !== undefined && isKilled(cause);

const reservationsOf = ({ reservations }: NetworkState): Record<string, string> =>
  Object.fromEntries(
    [...reservations].sort().map(([address, { containerId, ifname }]) => [address, `${containerId} ${ifname}`]),
  );
