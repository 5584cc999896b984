// All about writes that were accepted here: taking them in, showing them, keeping them, bringing them to the cloud. The
// one thing of this directory that the rest of the cache and the hub talk to.
import type { Records } from '../../../storage/records.ts';
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { stringifyJson } from '../../apimachinery/json.ts';
import type { FollowedScope } from '../followed-scope.ts';
import { nodeLender } from '../lenders.ts';
import type { ClusterCheck, LinkGate, Timing } from '../reflector.ts';
import { Versions } from '../versions.ts';
import type { ComputedWrite } from '../writes/compute-write.ts';
import type { WritePolicy } from '../writes/policy.ts';
import type { WriteRequest } from '../writes/write-request.ts';
import type { OutboxLimits } from './bounds.ts';
import type { Cloud } from './cloud.ts';
import { Decisions } from './decisions.ts';
import { type AcceptedWrite, type OutboxEntry, targetPath } from './entry.ts';
import { NodeLease } from './node-lease.ts';
import { type CallerOfWrite, OfflineWrites, type OfflineWritesOptions, type Outcome } from './offline-writes.ts';
import { Outbox } from './outbox.ts';
import { type OwnObject, OwnWrites } from './own-writes.ts';
import { parkedEvent } from './parked-event.ts';
import { replayGate } from './replay-gate.ts';
import { Replayer } from './replayer.ts';

export interface OwedWritesEvents {
  accepted(write: AcceptedWrite): void;
  /** Events that gave way when the bounds were reached. */
  dropped(entries: readonly OutboxEntry[]): void;
  unreadable(key: string, error: unknown): void;
  parked(entry: OutboxEntry): void;
  /** The Event on the object of a parked write could not be kept. */
  untold(entry: OutboxEntry, error: unknown): void;
  replayed(entry: OutboxEntry, reason: 'applied' | 'superseded'): void;
  replayBegan(pending: number): void;
  replayInterrupted(error: unknown, left: number): void;
  replayEnded(sent: number): void;
}

export interface OwedWritesOptions {
  readonly records: Records;
  readonly link: LinkGate;
  readonly timing: Timing;
  /** Milliseconds since the epoch, as far as they can be known. */
  readonly wallClock: () => number;
  readonly cloud: Cloud;
  /** In whose name Events about parked writes are made. */
  readonly nodeName: string;
  /** As whom the hub itself speaks. */
  readonly userAgent: string;
  readonly policy: WritePolicy;
  readonly mightKeep: (gvr: GroupVersionResource) => boolean;
  readonly limits: OutboxLimits;
  readonly perSecond: number;
  readonly jitterMs: number;
  readonly newUid: () => string;
  readonly nameSuffix: () => string;
  readonly events: OwedWritesEvents;
}

/** What the store offers. */
export interface KnownToStore {
  readonly cloudObject: OfflineWritesOptions['cloudObject'];
  readonly hasStatus: OfflineWritesOptions['hasStatus'];
  readonly scopesOf: (gvr: GroupVersionResource) => Iterable<FollowedScope>;
  readonly newestVersion: () => string;
  readonly cluster: ClusterCheck;
  /** The cloud's own word on an object that was owed to it. */
  readonly see: (path: string, identity: string, body: Buffer) => void;
  readonly forget: (path: string) => void;
}

export class OwedWrites {
  readonly own: OwnWrites;
  /** The link for those who read the cloud anew. */
  readonly gate: LinkGate;
  readonly versions: Versions;
  readonly #o: OwedWritesOptions;
  readonly #store: KnownToStore;
  readonly #lease = new NodeLease();
  readonly #ended = new AbortController();
  #outbox: Outbox | undefined;
  #desk: OfflineWrites | undefined;
  #replayer: Replayer | undefined;
  #decisions: Decisions | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: OwedWritesOptions, store: KnownToStore) {
    this.#o = options;
    this.#store = store;
    const { records } = options;
    this.versions = new Versions({ records, newestKnown: store.newestVersion });
    this.own = new OwnWrites({ versions: this.versions, scopesOf: store.scopesOf });
    this.gate = replayGate(options.link, () => this.outbox, this.#lease);
  }

  /** @throws TypeError before `restore` */
  get outbox(): Outbox {
    if (this.#outbox === undefined) throw new TypeError('the outbox is not open yet');
    return this.#outbox;
  }

  /** About parked writes. @throws TypeError before `restore` */
  get decisions(): Decisions {
    if (this.#decisions === undefined) throw new TypeError('the outbox is not open yet');
    return this.#decisions;
  }

  /** Reads what is owed from an earlier life, and shows it again. After the scopes have been restored. */
  async restore(): Promise<void> {
    const { records, limits, events, policy, wallClock, newUid, nameSuffix } = this.#o;
    this.#outbox = await Outbox.open({ records, limits, onDropped: events.dropped, onUnreadable: events.unreadable });
    await this.versions.restore();
    const pending = this.outbox.pending.toSorted((a, b) =>
      Number(BigInt(a.resourceVersion) - BigInt(b.resourceVersion)),
    );
    for (const entry of this.outbox.entries) this.versions.see(entry.resourceVersion);
    for (const entry of pending) await this.own.show(entry);
    for (const { target } of pending)
      for (const { snapshot } of this.#store.scopesOf(target.gvr)) snapshot.leapToOwnWrites();
    this.#desk = new OfflineWrites({
      outbox: this.outbox,
      ownWrites: this.own,
      versions: this.versions,
      policy,
      cloudObject: this.#store.cloudObject,
      hasStatus: this.#store.hasStatus,
      keepInMemory: (write) => this.#lease.keep(write),
      wallClock,
      newUid,
      nameSuffix,
      onAccepted: (write) => {
        events.accepted(write);
        this.#replayer?.poke();
      },
    });
    this.#replayer = this.#createReplayer();
    this.#decisions = new Decisions(this.outbox, () => this.#replayer?.poke());
  }

  /** Brings what is owed to the cloud whenever it can be reached. */
  start(onCrash: (error: unknown) => void): void {
    this.#running = this.#replayer!.run(this.#ended.signal).catch(onCrash);
  }

  async stop(): Promise<void> {
    this.#ended.abort(new Error('the hub is closing'));
    await this.#running;
  }

  flush(): Promise<void> {
    return this.versions.flush();
  }

  /** Resolves when the write is durable and shown. @throws StatusError */
  accept(request: WriteRequest, caller: CallerOfWrite, outcome?: Outcome): Promise<ComputedWrite> {
    return this.#desk!.accept(request, caller, outcome);
  }

  /** Something of this resource is shown that the cloud has not heard of: only this node can answer for it. */
  owes(gvr: GroupVersionResource): boolean {
    return this.outbox.owes(gvr);
  }

  /** Writes of this resource may be taken in here, so their bodies are worth keeping until the cloud has answered. */
  mightKeep(gvr: GroupVersionResource): boolean {
    return this.#o.mightKeep(gvr);
  }

  /** Resolves when this is not owed any more. Rejects when the signal aborts. */
  whenHeard(isOwed: () => boolean, signal: AbortSignal): Promise<void> {
    return this.outbox.whenNot(isOwed, signal);
  }

  owesObject(path: string): boolean {
    return this.outbox.pendingOf(path).length > 0;
  }

  shown(path: string): OwnObject | undefined {
    return this.own.get(path);
  }

  get isReplaying(): boolean {
    return this.#replayer?.isRunning ?? false;
  }

  #createReplayer(): Replayer {
    const { cloud, link, timing, perSecond, jitterMs, events } = this.#o;
    return new Replayer({
      outbox: this.outbox,
      cloud,
      link,
      cluster: this.#store.cluster,
      timing,
      perSecond,
      jitterMs,
      first: async (signal) => {
        const path = await this.#lease.renew(cloud, signal);
        if (path !== undefined) this.own.end(path);
      },
      events: {
        done: (entry, outcome) => {
          const path = targetPath(entry.target);
          if (outcome.object === undefined) this.#store.forget(path);
          else this.#store.see(path, entry.writer.identity, Buffer.from(stringifyJson(outcome.object)));
          this.#settled(entry);
          events.replayed(entry, outcome.reason);
          this.decisions.conclude(entry.sequence, outcome.reason);
        },
        parked: async (entry) => {
          this.#settled(entry);
          events.parked(entry);
          await this.#tell(entry);
          this.decisions.conclude(entry.sequence, 'parked');
        },
        began: events.replayBegan,
        interrupted: events.replayInterrupted,
        ended: events.replayEnded,
      },
    });
  }

  /** Makes the Event on the object. Goes to the cloud as every Event of this node does. */
  async #tell(entry: OutboxEntry): Promise<void> {
    const { nodeName, userAgent, events } = this.#o;
    try {
      const request = parkedEvent(entry, nodeName);
      if (request === undefined) return;
      const { fieldManager } = request.query;
      const writer = { identity: nodeLender.identity, userAgent, fieldManager };
      await this.accept(request, { ...writer, isNode: true, mayWrite: () => true });
    } catch (error) {
      events.untold(entry, error);
    }
  }

  #settled(entry: OutboxEntry): void {
    const path = targetPath(entry.target);
    if (!this.owesObject(path)) this.own.end(path);
  }
}
