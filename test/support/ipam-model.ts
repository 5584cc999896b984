// Random lives of a node, and what must hold in each of them after every event: a model that knows only who was promised
// what, beside the plugin's own code on a disk in memory.
import assert from 'node:assert/strict';
import { CniError } from '../../src/ipam/cni/cni-error.ts';
import { defaultRetainPolicy } from '../../src/ipam/cni/retain-policy.ts';
import { interrupt, isKilled } from './ipam-accident.ts';
import { type Accident, type Event, layouts, type Said } from './ipam-events.ts';
import { expectAllWell, expectFull, expectWellGiven } from './ipam-expectations.ts';
import { hostLocalAdd, hostLocalDel } from './ipam-host-local.ts';
import { network } from './ipam-node.ts';
import { IpamWorld, optedOut, reservationsOf, type Sandbox } from './ipam-world.ts';

export class IpamModel {
  readonly #world = new IpamWorld();

  get seen(): Readonly<IpamWorld['seen']> {
    return this.#world.seen;
  }

  live(event: Event, accident: Accident = { kind: 'none', after: 0, seed: 0 }): void {
    if (accident.kind === 'none') this.#happen(event);
    else interrupt(this.#world, event, accident, { happen: (one) => this.#happen(one), reboot: () => this.#reboot() });
    expectAllWell(this.#world);
  }

  #happen(event: Event): void {
    const { node, claims } = this.#world;
    const sandbox = 'at' in event ? this.#world.sandboxAt(event.at) : undefined;
    if (event.do === 'add') this.#add(event);
    else if (event.do === 'add-anonymous') this.#add({ ...event, ifname: 'eth0', uid: 0 }, true);
    else if (event.do === 'expire') for (const address of node.retention.expire(network)) claims.delete(address);
    else if (event.do === 'reboot') this.#reboot();
    else if (event.do === 'pass') node.pass(event.ms);
    else if (event.do === 'ranges') node.rangeSets = layouts[event.at]!;
    else if (event.do === 'gc') this.#gc();
    else if (event.do === 'host-local-add') hostLocalAdd(this.#world, event.pod);
    else if (event.do === 'verdict' || event.do === 'release' || event.do === 'pin') this.#say(event);
    else if (sandbox !== undefined) this.#end(event.do, sandbox);
  }

  #end(how: 'del' | 'die' | 'reclaim' | 'host-local-del', sandbox: Sandbox): void {
    const { node } = this.#world;
    if (how === 'del') this.#del(sandbox);
    else if (how === 'die') node.liveNetns.delete(`/run/netns/${sandbox.containerId}`);
    else if (how === 'host-local-del') hostLocalDel(this.#world, sandbox);
    else if (!this.#world.isLive(sandbox)) {
      for (const address of sandbox.addresses) {
        node.retention.reclaim(network, { address, containerId: sandbox.containerId });
      }
      sandbox.isAttached = false;
    }
  }

  #add(event: { pod: number; ifname: string; uid: number }, isAnonymous = false): void {
    const world = this.#world;
    const { node, claims } = world;
    const sandbox = world.newSandbox(event, isAnonymous);
    const key = `${sandbox.pod} ${sandbox.ifname}`;
    const isKept = !isAnonymous && sandbox.pod !== optedOut;
    const before = world.swept();
    const retain = { ...defaultRetainPolicy, enabled: sandbox.pod !== optedOut };
    let given: readonly string[];
    try {
      given = node.add(sandbox, { retain });
    } catch (error) {
      if (!(error instanceof CniError) || isKilled(error)) throw error;
      node.liveNetns.delete(`/run/netns/${sandbox.containerId}`);
      assert.match(error.message, /no IP addresses available in range set/);
      world.seen.full++;
      expectFull(world, before);
      assert.deepEqual(reservationsOf(node.state()), reservationsOf(before), 'an ADD that was refused holds nothing');
      return;
    }
    for (const [index, address] of given.entries()) {
      const set = node.rangeSets[index]!;
      expectWellGiven(world, address, { key, set, before, isKept });
      for (const [other, owner] of claims) {
        if (sandbox.pod === optedOut && owner === key && other !== address) claims.delete(other);
      }
      if (isKept) claims.set(address, key);
      else claims.delete(address);
    }
    world.sandboxes.push({ ...sandbox, addresses: given });
    const after = reservationsOf(node.state());
    for (const address of given) {
      assert.equal(after[address], `${sandbox.containerId} ${sandbox.ifname}`);
      delete after[address];
    }
    const rest = reservationsOf(before);
    for (const address of given) delete rest[address];
    assert.deepEqual(after, rest, 'an ADD touches no other reservation');
  }

  #del(sandbox: Sandbox): void {
    const { node } = this.#world;
    const before = this.#world.swept();
    node.del(sandbox, { retain: { ...defaultRetainPolicy, enabled: sandbox.pod !== optedOut } });
    const rest = Object.entries(reservationsOf(before)).filter(
      ([, owner]) => owner !== `${sandbox.containerId} ${sandbox.ifname}`,
    );
    assert.deepEqual(reservationsOf(node.state()), Object.fromEntries(rest), 'a DEL frees its own and no other');
    sandbox.isAttached = false;
  }

  #gc(): void {
    const { node, sandboxes } = this.#world;
    const live = sandboxes.filter((sandbox) => this.#world.isLive(sandbox));
    node.gc(live);
    for (const sandbox of sandboxes) sandbox.isAttached = live.includes(sandbox);
    const holders = [...node.state().reservations.values()].map(({ containerId }) => containerId);
    assert.ok(holders.every((id) => live.some(({ containerId }) => containerId === id)));
  }

  #reboot(): void {
    this.#world.node.reboot();
    this.#world.boot++;
    const { reservations } = this.#world.swept();
    this.#world.seen.swept++;
    for (const { containerId } of reservations.values()) {
      const sandbox = this.#world.sandboxes.find((one) => one.containerId === containerId)!;
      assert.ok(sandbox.pod === '' || sandbox.pod === optedOut, `${containerId} holds an address after a reboot`);
    }
  }

  #say(event: Said): void {
    const { retention } = this.#world.node;
    const records = [...this.#world.node.state().records.values()];
    const record = records[event.at % Math.max(1, records.length)];
    if (record === undefined) return;
    if (event.do === 'pin') retention.pin(network, record.address);
    else if (event.do === 'release') {
      if (retention.release(network, record.address) === 'done') this.#world.claims.delete(record.address);
    } else {
      const { says, keep } = event;
      retention.applyVerdict(network, record, { says, keep, resourceVersion: '1', evidence: 'a model' });
    }
  }
}
