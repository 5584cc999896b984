// All about writes that were accepted here: taking them in, showing them, keeping them, bringing them to the cloud. The
// one thing of this directory that the rest of the cache and the hub talk to.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { maxResourceVersion } from '../../apimachinery/resource-version.ts';
import type { LinkGate } from '../link-gate.ts';
import { untilEither } from '../until-either.ts';
import { Versions } from '../versions.ts';
import type { ComputedWrite } from '../writes/compute-write.ts';
import type { WriteRequest } from '../writes/write-request.ts';
import type { CallerOfWrite } from './caller-of-write.ts';
import { Decisions } from './decisions.ts';
import { DiskState } from './disk-state.ts';
import { type OutboxEntry, targetPath } from './entry.ts';
import { NodeLease } from './node-lease.ts';
import { OfflineWrites } from './offline-writes.ts';
import { Outbox } from './outbox.ts';
import type { KnownState, Outcome } from './outcome.ts';
import type { KnownToStore, OwedWritesOptions } from './owed-writes-dependencies.ts';
import type { OwnObject } from './own-object.ts';
import { OwnWrites } from './own-writes.ts';
import { ParkedNews } from './parked-news.ts';
import { replayGate } from './replay-gate.ts';
import { replayReports } from './replay-reports.ts';
import { Replayer, type TriedSoFar } from './replayer.ts';
import { SeenTokens } from './seen-tokens.ts';
import { showAgain } from './show-again.ts';
import { ShownSpans } from './shown-spans.ts';

export class OwedWrites {
  readonly own: OwnWrites;
  /** The link for those who read the cloud anew. */
  readonly gate: LinkGate;
  readonly versions: Versions;
  /** Versions that clients may have of what only this node knew. */
  readonly spans: ShownSpans;
  readonly #o: OwedWritesOptions;
  readonly #store: KnownToStore;
  readonly #lease = new NodeLease();
  readonly #tokens = new SeenTokens();
  readonly #opened = Promise.withResolvers<Replayer>();
  readonly #ended = new AbortController();
  readonly #diskState: DiskState;
  readonly #news: ParkedNews;
  #outbox: Outbox | undefined;
  #desk: OfflineWrites | undefined;
  #replayer: Replayer | undefined;
  #decisions: Decisions | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: OwedWritesOptions, store: KnownToStore) {
    this.#o = options;
    this.#store = store;
    const { records } = options;
    this.#diskState = new DiskState((error) => options.events.diskChanged?.(error));
    this.versions = new Versions({ records, newestKnown: store.newestVersion, diskState: this.#diskState });
    this.spans = new ShownSpans({ records, diskState: this.#diskState });
    this.own = new OwnWrites({ versions: this.versions, scopesOf: store.scopesOf, spans: this.spans });
    const { nodeName, userAgent, timing, events } = options;
    this.#news = new ParkedNews({
      nodeName,
      userAgent,
      now: () => timing.now(),
      accept: (request, caller) => this.accept(request, caller),
      untold: events.untold,
    });
    const isCaughtUp = (): boolean => this.isCaughtUp;
    this.gate = replayGate(options.link, {
      get isCaughtUp() {
        return isCaughtUp();
      },
      whenCaughtUp: async (signal) => (await untilEither(this.#opened.promise, signal)).whenCaughtUp(signal),
    });
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
    const { records, limits, events, nodeName, policy, wallClock, newUid, nameSuffix } = this.#o;
    const onDropped = (entries: readonly OutboxEntry[]): void => {
      for (const { target } of entries) void this.own.giveUp(targetPath(target));
      events.dropped(entries);
    };
    this.#outbox = await Outbox.open({
      records,
      limits,
      onDropped,
      onUnreadable: events.unreadable,
      diskState: this.#diskState,
      versions: this.versions,
      spans: this.spans,
    });
    await this.versions.restore();
    const foreign = await this.outbox.parkOfOtherNodes(nodeName, wallClock());
    if (foreign.length > 0) events.meantForAnother(foreign, 'node');
    await this.spans.restore(this.outbox.newestVersion);
    this.versions.see(maxResourceVersion(this.outbox.newestVersion, this.spans.newest));
    await showAgain(this.outbox.pending, this.own, { scopesOf: this.#store.scopesOf, unreadable: events.unreadable });
    this.#desk = new OfflineWrites({
      outbox: this.outbox,
      ownWrites: this.own,
      versions: this.versions,
      nodeName,
      policy,
      cloudObject: this.#store.cloudObject,
      hasStatus: this.#store.hasStatus,
      memory: this.#lease,
      wallClock,
      newUid,
      nameSuffix,
      onAccepted: (write) => {
        events.accepted(write);
        this.#replayer?.poke();
      },
    });
    this.#decisions = new Decisions(this.outbox, () => this.#replayer?.poke());
    this.#replayer = this.#createReplayer();
    this.#opened.resolve(this.#replayer);
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

  /** What is known of an object before a write to it is sent: should the answer be lost, `accept` looks whether it still is so. */
  knownState(object: Pick<WriteRequest, 'gvr' | 'namespace' | 'name'>): KnownState {
    return this.#desk!.knownState(object);
  }

  /** Something of this resource is shown that the cloud has not heard of. @param namespace '' for all of them */
  owes(gvr: GroupVersionResource, namespace = ''): boolean {
    return this.outbox.owes(gvr, namespace);
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

  /** All that is owed was tried since the link came back; what still is was put off by the cloud. */
  get isCaughtUp(): boolean {
    return this.#replayer?.isCaughtUp ?? false;
  }

  /** The cloud has answered the object's own client: a Lease that was renewed there since is not renewed from here. */
  async answered(path: string, { body, resourceVersion }: KubernetesObject): Promise<void> {
    if (!this.#lease.isOvertakenBy(path, body)) return;
    this.#lease.forget();
    await this.own.end(path, resourceVersion);
  }

  /** The cloud has just accepted this bearer token. */
  seeToken(identity: string, token: string): void {
    if (this.#tokens.see(identity, token)) this.#replayer?.tokenSeen(identity);
  }

  /**
   * Another cluster answers, or another past of this one: what is owed was meant for the one before and is never sent to
   * this one, unless somebody says so.
   * @param newestVersion that this one has
   * @throws StorageReadOnlyError when the disk does not take it; in memory it is so all the same
   */
  async forgetCluster(error: Error, newestVersion: string): Promise<void> {
    this.#lease.forget();
    this.own.clear();
    this.versions.beginAnew(newestVersion);
    const reason = `${error.message}; this write was meant for the cluster before`;
    const { parked, onDisk } = this.outbox.parkAll({ reason, code: 0, at: this.#o.wallClock() });
    this.decisions.concludeAsParked();
    if (parked.length > 0) this.#o.events.meantForAnother(parked, 'cluster');
    await onDisk;
  }

  /** Why this one, which was tried in this life, is still owed. */
  readonly triedOf = (sequence: number): TriedSoFar | undefined => this.#replayer?.triedOf(sequence);

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
      lease: this.#lease,
      newestToken: (identity) => this.#tokens.newest(identity),
      ...replayReports({
        store: this.#store,
        own: this.own,
        owesObject: (path) => this.owesObject(path),
        decisions: this.decisions,
        news: this.#news,
        events,
      }),
    });
  }
}
