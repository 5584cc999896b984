// In which order the cloud hears of what happened while it was away: the node's Lease before anything else, then the node's
// status, then the rest, Events last.

import type { JsonObject } from '../../src/apimachinery/json.ts';
import type { CloudRequest } from '../../src/cache/outbox/cloud.ts';
import { type AcceptedWrite, type OutboxEntry, targetPath } from '../../src/cache/outbox/entry.ts';
import { leasePath, nodePath } from './kubelet.ts';

export interface ReplayOrderParts {
  readonly outbox: () => { readonly pending: readonly OutboxEntry[] } | undefined;
  now(): number;
  /** Nothing is lost or refused now, so nothing is put off. */
  readonly isFaultless: () => boolean;
  fault(what: string): void;
}

/** Of one form and so in the order of time. */
function renewTime(lease: JsonObject | undefined): string {
  return (lease as { spec?: { renewTime?: string } } | undefined)?.spec?.renewTime ?? '';
}

function nameIn(body: Buffer | undefined): string {
  return body === undefined ? '' : JSON.parse(body.toString()).metadata?.name;
}

const putOffMs = 6000;

export class ReplayOrder {
  readonly #o: ReplayOrderParts;
  #isLeaseOwed = false;
  /** Of the renewal that is owed. */
  #renewedAt = '';
  /** It was when this round began. */
  #isLeaseFirst = false;
  /** The cloud may have put it off so long. */
  #leaseTriedUntil = 0;
  /** Its last renewal that set out for the cloud. */
  #told: string | undefined;
  /** What the cloud may have put off. */
  readonly #tried = new Set<string>();
  /** What was owed when this round of the replay began; what came in since waits for the next one. */
  #round: ReadonlySet<number> = new Set();

  constructor(parts: ReplayOrderParts) {
    this.#o = parts;
  }

  accepted(write: AcceptedWrite): void {
    if (targetPath(write.target) !== leasePath || this.#o.now() < this.#leaseTriedUntil) return;
    // It is told before the one who made it is told that it is kept.
    this.#renewedAt = renewTime(write.after);
    this.#isLeaseOwed = this.#renewedAt !== this.#told;
  }

  /** The cloud has answered a write of kubelet's own. */
  answered(path: string, object: JsonObject): void {
    if (path === leasePath && renewTime(object) >= this.#renewedAt) this.#isLeaseOwed = false;
  }

  /** It was owed to a cluster that is not there any more. */
  forget(): void {
    this.#isLeaseOwed = false;
  }

  began(): void {
    this.#isLeaseFirst = this.#isLeaseOwed;
    this.#round = new Set(this.#o.outbox()?.pending.map(({ sequence }) => sequence));
  }

  /** A request sets out for the cloud. */
  sees({ method, path, body }: CloudRequest): void {
    const [bare = ''] = path.split('?');
    if (leasePath.startsWith(bare)) {
      if (body !== undefined) this.#told = renewTime(JSON.parse(body.toString()));
      this.#isLeaseOwed = false; // or the cloud has put it off
      if (!this.#o.isFaultless()) this.#leaseTriedUntil = this.#o.now() + putOffMs;
      return;
    }
    this.#tried.add(method === 'POST' ? `${bare}/${nameIn(body)}` : bare.replace(/\/status$/, ''));
    if (method === 'GET' || !this.#o.isFaultless()) return;
    if (this.#isLeaseOwed && this.#isLeaseFirst)
      this.#o.fault(`${method} ${path} was sent before the Lease was renewed`);
    if (bare.startsWith(nodePath)) return;
    const waiting = (this.#o.outbox()?.pending ?? []).filter(
      ({ sequence, state, target }) =>
        state === 'queued' && this.#round.has(sequence) && !this.#tried.has(targetPath(target)),
    );
    const node = waiting.find(({ target }) => targetPath(target) === nodePath);
    if (node !== undefined) this.#o.fault(`${method} ${path} was sent before the status of the node`);
    const other = waiting.find((entry) => entry.class !== 'event');
    if (bare.includes('/events') && other !== undefined) {
      this.#o.fault(`an Event was sent before ${targetPath(other.target)}`);
    }
  }
}
