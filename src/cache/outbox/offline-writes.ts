// The desk where writes are taken in while the cloud is away: judged, computed, put on disk, shown, and only then answered.
// Writes to one object go one after the other; those to different ones share the disk's syncs.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { isJsonObject, parseJson } from '../../apimachinery/json.ts';
import type { Versions } from '../versions.ts';
import { type ComputedWrite, computeWrite } from '../writes/compute-write.ts';
import { isCustomResource } from '../writes/kinds/rules-of.ts';
import type { WritePolicy } from '../writes/policy.ts';
import type { Known, WriteRequest } from '../writes/write-request.ts';
import { accepted, type Taken } from './accepted-write.ts';
import type { CallerOfWrite } from './caller-of-write.ts';
import { type AcceptedWrite, type OutboxEntry, targetPath } from './entry.ts';
import { named, nameOf, ofKnownKind } from './named-request.ts';
import { OrderedTurns } from './ordered-turns.ts';
import type { Outbox } from './outbox.ts';
import type { KnownState, Outcome } from './outcome.ts';
import type { OwnWrites } from './own-writes.ts';
import { ownerMadeHere } from './owner-made-here.ts';
import { refusal, unkept, unseen } from './unkept.ts';

export interface KnownObjectBody {
  readonly body: Buffer;
  readonly resourceVersion: string;
}

export interface OfflineWritesOptions {
  readonly outbox: Outbox;
  readonly ownWrites: OwnWrites;
  readonly versions: Versions;
  readonly nodeName: string;
  readonly policy: WritePolicy;
  /** What the cloud was last known to have; `absent` only when that is a fact. */
  readonly cloudObject: (
    request: Pick<WriteRequest, 'gvr' | 'namespace' | 'name'>,
  ) => KnownObjectBody | 'absent' | 'unknown';
  /** Whether discovery shows a status subresource; undefined when nobody has read it. */
  readonly hasStatus: (gvr: GroupVersionResource) => boolean | undefined;
  /** Takes in what is kept in memory only. */
  readonly memory: { keep(write: AcceptedWrite): void; isKept(write: AcceptedWrite): boolean };
  readonly wallClock: () => number;
  readonly newUid: () => string;
  readonly nameSuffix: () => string;
  readonly onAccepted: (write: AcceptedWrite) => void;
}

export class OfflineWrites {
  readonly #o: OfflineWritesOptions;
  /** Path → the write that was taken in last. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #versionOrder = new OrderedTurns();

  constructor(options: OfflineWritesOptions) {
    this.#o = options;
  }

  /**
   * Resolves when the write is on disk and every reader sees it.
   * @throws StatusError as the apiserver would refuse it, or 503 with the reason why it cannot be kept
   */
  accept(request: WriteRequest, caller: CallerOfWrite, outcome: Outcome = 'unsent'): Promise<ComputedWrite> {
    const path = targetPath(named(request));
    // A name that is still to be found is nobody else's.
    if (path.endsWith('/')) return this.#accept(request, caller, outcome);
    const turn = (this.#turns.get(path) ?? Promise.resolve()).then(() => this.#accept(request, caller, outcome));
    const settled = turn.then(
      () => undefined,
      () => undefined, // told to its own caller
    );
    this.#turns.set(path, settled);
    void settled.then(() => {
      if (this.#turns.get(path) === settled) this.#turns.delete(path);
    });
    return turn;
  }

  async #accept(given: WriteRequest, caller: CallerOfWrite, outcome: Outcome): Promise<ComputedWrite> {
    const { known, cloudVersion } = this.#known(given);
    const request = ofKnownKind(given, known);
    const isUnknown = outcome !== 'unsent';
    if (isUnknown && named(request).name === '') throw unkept('the cloud may have made one under a name of its own');
    const disposition = this.#o.policy.of(request, caller, known);
    if ('refuse' in disposition) throw refusal(request, known, disposition);
    // What is a node's own to write is so by the cloud's own rules (the node authorizer), and policy tells it from the rest.
    const isOwn = caller.isNode && disposition.class !== 'user';
    if (!isOwn && !caller.mayWrite(request)) throw unkept(unseen(request));
    const customStatus = isCustomResource(request) ? this.#o.hasStatus(request.gvr) : undefined;
    const taken = { request, caller, known, disposition, customStatus, cloudVersion, outcome };
    return this.#versionOrder.run((lower) => this.#keepAndShow(taken, lower));
  }

  /** @param lower resolves when all with a lower version are shown: who is told of a version has seen all below it */
  async #keepAndShow(taken: Taken, lower: Promise<void>): Promise<ComputedWrite> {
    const { versions, wallClock, newUid, nameSuffix } = this.#o;
    const { request, disposition, customStatus } = taken;
    const isInMemory = disposition.keep === 'memory';
    const resourceVersion = isInMemory ? await versions.nextInMemory() : versions.next();
    // As it is now: the disk was asked for a version meanwhile.
    const { known } = isInMemory ? this.#known(request) : taken;
    const now = wallClock();
    let computed: ComputedWrite | undefined;
    try {
      const context = { resourceVersion, now: secondsText(now), newUid, nameSuffix };
      const made = computeWrite(request, known, { ...context, ...(customStatus !== undefined && { customStatus }) });
      this.#refuseOwnersMadeHere(made);
      taken.caller.render?.(made.answer);
      if (made.op !== 'none') this.#refuseOvertaken(taken);
      computed = made;
    } finally {
      if (computed === undefined || computed.op === 'none') versions.giveBack(resourceVersion);
    }
    if (computed.op === 'none') return computed;
    const write = accepted(taken, { computed, resourceVersion, now, node: this.#o.nodeName });
    const { outbox, ownWrites, memory, onAccepted } = this.#o;
    const path = targetPath(write.target);
    if (isInMemory) memory.keep(write);
    const judgedOn = ownWrites.standing(write.target);
    const entry = isInMemory ? undefined : await outbox.add(write);
    await lower;
    const isShown = await ownWrites.show(write, judgedOn);
    // Taken back by a deletion, brought to the cloud or parked already: the cloud's word counts.
    const isOwed = isInMemory ? memory.isKept(write) : outbox.pendingOf(path).length > 0;
    if (!isOwed || !isShown) await ownWrites.giveUp(path);
    if (!isShown && (await this.#isTakenBack(entry)))
      throw unkept('another object has come to have its name meanwhile');
    onAccepted(write);
    return computed;
  }

  /** The cloud may have done it already, and somebody else something on top, which it would undo if it were done again. */
  #refuseOvertaken({ request, outcome, disposition }: Taken): void {
    if (outcome === 'unsent' || disposition.class !== 'user') return; // of itself the node knows best
    if (outcome.sentOnto === '' || outcome.sentOnto === this.knownState(request)) return;
    throw unkept('the object has changed since it was sent');
  }

  /** Nobody was told that it is kept. What is on its way already, or cannot be taken off the disk, is owed all the same. */
  async #isTakenBack(entry: OutboxEntry | undefined): Promise<boolean> {
    const { outbox } = this.#o;
    if (entry === undefined || entry.writes > 1 || outbox.get(entry.sequence) !== entry) return false;
    return outbox.drop(entry).then(
      () => true,
      () => false, // the disk's state was told
    );
  }

  /** What is known of this object now. */
  knownState(request: Pick<WriteRequest, 'gvr' | 'namespace' | 'name'>): KnownState {
    if (request.name === '') return '';
    const own = this.#o.ownWrites.written(targetPath(request));
    if (own !== undefined) return `own ${own.resourceVersion}`;
    const cloud = this.#o.cloudObject(request);
    return typeof cloud === 'string' ? cloud : cloud.resourceVersion;
  }

  #refuseOwnersMadeHere(made: ComputedWrite): void {
    const owner = ownerMadeHere(made.after, (uid) => this.#o.outbox.isProvisional(uid));
    if (owner === undefined) return;
    throw unkept(`its owner ${owner} was made here meanwhile, and gets another uid from the cloud`);
  }

  #known(request: WriteRequest): { readonly known: Known; readonly cloudVersion: string } {
    if (request.name === '' && request.verb === 'create' && nameOf(request.body) === '') {
      return { known: { state: 'absent' }, cloudVersion: '' };
    }
    const own = this.#o.ownWrites.written(targetPath(named(request)));
    if (own !== undefined) {
      const known: Known = own.value === undefined ? { state: 'absent' } : { state: 'present', object: own.value };
      return { known, cloudVersion: '' };
    }
    const cloud = this.#o.cloudObject(named(request));
    if (typeof cloud === 'string') return { known: { state: cloud }, cloudVersion: '' };
    const object = parseJson(cloud.body);
    if (!isJsonObject(object)) return { known: { state: 'unknown' }, cloudVersion: '' };
    return { known: { state: 'present', object }, cloudVersion: cloud.resourceVersion };
  }
}

function secondsText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
