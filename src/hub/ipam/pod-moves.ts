// Which pods of this node are not as the cloud's controllers know them: their address has changed, or the cloud has not
// heard how they are. Pure state, fed with all pods each time that one changes.
//
// Promise: a former address of a pod is remembered until nothing that the cloud shows carries it any more, also of a pod that
// is gone.
import type { MovedPod, MovedPods } from './corrected-endpoints.ts';
import { isSameState, type PodState } from './pod-state.ts';

/** It is shown, or the cloud has it, or both. */
export interface SeenPod {
  /** `${namespace}/${name}` */
  readonly key: string;
  /** As readers on this node see it; undefined when it was deleted here. */
  readonly shown: PodState | undefined;
  /** As the cloud has it; undefined when it has no such pod. */
  readonly cloud: PodState | undefined;
}

/** A pod that is still the same one has come to have another address. */
export interface AddressChange {
  readonly key: string;
  readonly uid: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

interface Known {
  readonly uid: string;
  /** The last that it had. */
  addresses: readonly string[];
  readonly former: Set<string>;
  state: PodState;
  /** Since when the cloud has it in the same state; undefined while it has not. */
  sameSince: number | undefined;
}

/** So long after the cloud has heard of a pod its controllers may still be about to tell of it. */
export const settlingMs = 10_000;

export class PodMoves {
  readonly #byKey = new Map<string, Known>();

  /** @param pods all of this node @param now milliseconds that only go forward */
  see(pods: readonly SeenPod[], now: number): readonly AddressChange[] {
    const keys = new Set(pods.map(({ key }) => key));
    for (const [key, known] of this.#byKey) {
      if (keys.has(key)) continue;
      end(known);
      if (known.former.size === 0) this.#byKey.delete(key);
    }
    return pods.flatMap((pod) => this.#see(pod, now) ?? []);
  }

  #see({ key, shown, cloud }: SeenPod, now: number): AddressChange | undefined {
    const state = shown ?? cloud;
    if (state === undefined) return undefined;
    let known = this.#byKey.get(key);
    if (known?.uid !== state.uid) {
      const addresses = state.addresses.length > 0 ? state.addresses : (cloud?.addresses ?? []);
      known = { uid: state.uid, addresses, former: new Set(), state, sameSince: Number.NEGATIVE_INFINITY };
      this.#byKey.set(key, known);
    }
    if (shown === undefined) {
      for (const address of state.addresses) known.former.add(address);
      end(known);
      return undefined;
    }
    const from = known.addresses;
    const { former } = known;
    for (const address of [...from, ...(cloud?.uid === shown.uid ? cloud.addresses : [])]) former.add(address);
    for (const address of shown.addresses) former.delete(address);
    known.state = shown;
    if (cloud !== undefined && !isSameState(shown, cloud)) known.sameSince = undefined;
    else known.sameSince ??= now;
    if (shown.addresses.length === 0) return undefined;
    known.addresses = shown.addresses;
    const isSame = from.length === 0 || from.every((address) => shown.addresses.includes(address));
    return isSame ? undefined : { key, uid: shown.uid, from, to: shown.addresses };
  }

  moved(now: number): MovedPods {
    const moved = new Map<string, MovedPod>();
    for (const [key, { former, state, sameSince }] of this.#byKey) {
      const isSettling = sameSince === undefined || now - sameSince < settlingMs;
      if (former.size > 0 || isSettling) moved.set(key, { ...state, former, isSettling });
    }
    return moved;
  }

  /** Some of it will not be `moved` any more soon, though nothing happens. */
  isPassing(now: number): boolean {
    return [...this.#byKey.values()].some(({ sameSince = now - settlingMs }) => now - sameSince < settlingMs);
  }

  /** Nothing that the cloud shows carries a former address of any pod but these. */
  keep(uids: ReadonlySet<string>): void {
    for (const { uid, former } of this.#byKey.values()) if (!uids.has(uid)) former.clear();
  }
}

/** It has none of its addresses any more. */
function end(known: Known): void {
  for (const address of known.addresses) known.former.add(address);
  known.addresses = [];
  known.state = { ...known.state, addresses: [], isReady: false, hasEnded: true };
  known.sameSince = Number.NEGATIVE_INFINITY;
}
