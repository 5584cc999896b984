// The hub's part in keeping addresses: it says of each kept address whether its pod still exists, gives back to their pods
// addresses that nobody has on record, and frees those that no sandbox holds any more. The plugin works without all of it.
//
// Promise: addresses are read first, pods and sandboxes second, so that what comes to be in between is never taken for gone;
// and each change is made only if the address is still what it was read to be. What is not surely known changes nothing.
import { setImmediate as others } from 'node:timers/promises';
import { cachedOwner, kubeletsInterface } from '../../ipam/allocator/cached-owner.ts';
import { isNews, type Outcome } from '../../ipam/allocator/plan-verdict.ts';
import { isOver, mustWaitAnew } from '../../ipam/allocator/record-change.ts';
import { CniError, cniErrorCode } from '../../ipam/cni/cni-error.ts';
import type { Facts } from '../../ipam/directory/facts.ts';
import type { NetworkState, Reservation } from '../../ipam/directory/network-state.ts';
import type { Retention } from '../../ipam/directory/retention.ts';
import type { RetentionRecord, RetentionState } from '../../ipam/directory/retention-record.ts';
import { type HeldAddress, leakedAddresses } from '../../ipam/verdict/leaked-addresses.ts';
import { type Verdict, verdictOn } from '../../ipam/verdict/verdict.ts';
import type { KnownPod, PodKnowledge } from './pod-knowledge.ts';

export interface AddressKeepingOptions {
  readonly retention: Pick<Retention, 'networks' | 'snapshot' | 'applyVerdict' | 'adopt' | 'reclaim' | 'expire'>;
  readonly pods: Pick<PodKnowledge, 'own' | 'evidence' | 'resourceVersion'>;
  readonly facts: () => Pick<Facts, 'nowMs' | 'netnsLiveness' | 'cachedAttachment'>;
  /** Container ids of all sandboxes, in any state. */
  readonly sandboxes: (signal: AbortSignal) => Promise<ReadonlySet<string>>;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  readonly events: KeepingEvents;
}

export interface KeepingEvents {
  judged(network: string, record: RetentionRecord, verdict: Verdict): void;
  adopted(network: string, address: string, pod: string): void;
  reclaimed(network: string, held: HeldAddress): void;
  expired(network: string, addresses: readonly string[]): void;
}

/** By state, of all networks. */
export type AddressCounts = Readonly<Record<RetentionState, number>>;

export class AddressKeeping {
  readonly #o: AddressKeepingOptions;
  /** When each reservation was first seen, by network, address and container. */
  #firstSeen = new Map<string, number>();
  #counts: AddressCounts = noAddresses;
  /** Why a change of this round was not made. */
  #putOff: CniError | undefined;

  constructor(options: AddressKeepingOptions) {
    this.#o = options;
  }

  /** As they were when last looked at. */
  get counts(): AddressCounts {
    return this.#counts;
  }

  /**
   * What was lost or never written is put on record from what the node knows, and every address is judged: before any pod
   * comes back for its address. @throws CniError
   */
  async seed(): Promise<void> {
    const networks = this.#o.retention.networks();
    for (const network of networks) {
      const state = this.#o.retention.snapshot(network);
      await this.#adoptHeld(state);
      if (networks.length === 1) await this.#adoptShown(state);
    }
    await this.judge();
  }

  /** @throws CniError */
  async judge(): Promise<void> {
    const { retention, pods, events } = this.#o;
    const counts = { ...noAddresses };
    for (const network of retention.networks()) {
      const { records } = retention.snapshot(network);
      for (const record of records.values()) {
        counts[record.state] += 1;
        // For each anew: while one is written, all that was known of pods may be thrown away.
        const verdict = verdictOn(record, pods.evidence());
        if (verdict === undefined) continue;
        const given = { keep: 'ttl' as const, ...verdict, resourceVersion: pods.resourceVersion };
        if (!isNews(records, record, given)) continue;
        await this.#change(
          () => retention.applyVerdict(network, record, given),
          () => events.judged(network, record, verdict),
        );
      }
    }
    this.#counts = counts;
    this.#endRound();
  }

  /** Frees what has leaked, and forgets what nobody has come back for. @throws CniError, CriError */
  async reclaim(signal: AbortSignal): Promise<void> {
    const { retention, pods, sandboxes, events } = this.#o;
    const states = retention.networks().map((network) => retention.snapshot(network));
    const held = states.flatMap((state) => this.#heldOf(state));
    this.#firstSeen = new Map(held.map((one) => [seenAs(one.network, one), this.#o.now() - one.ageMs]));
    for (const { network, records } of states) {
      const expired = this.#hasOver(records) ? retention.expire(network) : [];
      if (expired.length > 0) events.expired(network, expired);
    }
    if (held.length === 0 || pods.own === undefined) return;
    for (const one of leakedAddresses(held, await sandboxes(signal))) {
      await this.#change(
        () => retention.reclaim(one.network, one),
        () => events.reclaimed(one.network, one),
      );
    }
    this.#endRound();
  }

  /** Its lock is asked for only when a wait there is over, or has to begin anew. */
  #hasOver(records: NetworkState['records']): boolean {
    const { nowMs } = this.#o.facts();
    return [...records.values()].some((record) => isOver(record, nowMs) || mustWaitAnew(record, nowMs));
  }

  #heldOf(state: NetworkState): readonly (HeldAddress & { readonly network: string })[] {
    const { now } = this.#o;
    const facts = this.#o.facts();
    const { network, reservations, records } = state;
    return [...reservations.values()].map((reservation) => {
      const { address, containerId } = reservation;
      const record = records.get(address);
      const netns =
        (record?.containerId === containerId && record.netns) || cachedOwner(facts, state, reservation)?.netns || '';
      const liveness = facts.netnsLiveness(netns);
      const ageMs = now() - (this.#firstSeen.get(seenAs(network, reservation)) ?? now());
      return { network, address, containerId, netns: liveness === 'dead' ? 'gone' : liveness, ageMs };
    });
  }

  /** What host-local has given out: the runtime has noted for whom. */
  async #adoptHeld(state: NetworkState): Promise<void> {
    const facts = this.#o.facts();
    for (const reservation of state.reservations.values()) {
      const { address, containerId } = reservation;
      if (state.records.get(address)?.containerId === containerId) continue;
      const { pod, ifname = '', netns = '' } = cachedOwner(facts, state, reservation) ?? {};
      if (pod !== undefined) await this.#adopt(state.network, { address, ...pod, ifname, containerId, netns });
    }
  }

  /** Where the records were lost: what the pods themselves say. */
  async #adoptShown({ network, reservations, records }: NetworkState): Promise<void> {
    const known = new Set([...records.values()].map(({ namespace, name }) => `${namespace}/${name}`));
    for (const pod of this.#o.pods.own ?? []) {
      const { namespace, name, uid } = pod;
      if (!mayComeBack(pod) || known.has(`${namespace}/${name}`)) continue;
      for (const address of pod.state.addresses) {
        if (reservations.has(address) || records.has(address)) continue;
        await this.#adopt(network, {
          address,
          namespace,
          name,
          uid,
          ifname: kubeletsInterface,
          containerId: '',
          netns: '',
        });
      }
    }
  }

  async #adopt(network: string, adoption: Parameters<Retention['adopt']>[1]): Promise<void> {
    const { retention, events } = this.#o;
    const { address, namespace, name } = adoption;
    await this.#change(
      () => retention.adopt(network, adoption),
      () => events.adopted(network, address, `${namespace}/${name}`),
    );
  }

  /** One that cannot be made now, because the plugin has the lock for long, keeps none of the others from being made. */
  async #change(make: () => Outcome, done: () => void): Promise<void> {
    try {
      if (make() === 'done') done();
    } catch (error) {
      if (!(error instanceof CniError) || error.code !== cniErrorCode.tryAgainLater) throw error;
      this.#putOff = error;
    }
    await others();
  }

  #endRound(): void {
    const error = this.#putOff;
    this.#putOff = undefined;
    if (error !== undefined) throw error;
  }
}

const noAddresses: AddressCounts = { active: 0, unconfirmed: 0, pinned: 0, released: 0, cooling: 0 };

function seenAs(network: string, { address, containerId }: Pick<Reservation, 'address' | 'containerId'>): string {
  return `${network} ${address} ${containerId}`;
}

function mayComeBack({ hasEnded, state }: KnownPod): boolean {
  return !hasEnded && !state.isOnHostNetwork;
}
