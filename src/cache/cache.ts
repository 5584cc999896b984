// What the node knows, as one thing: scopes that are followed, rights that were seen, single objects and documents as
// last seen, and all of it on disk. The hub asks it; it asks the cloud only through the transport it was given.

import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import { maxResourceVersion } from '../apimachinery/resource-version.ts';
import { allEnded } from './all-ended.ts';
import { AnsweredWrites } from './answered-writes.ts';
import type { CacheOptions } from './cache-options.ts';
import { cloudObject } from './cloud-object.ts';
import { CloudTime } from './cloud-time.ts';
import { CloudIdentityCheck } from './cluster-check.ts';
import type { Credential } from './credential.ts';
import { refuseEarlierVersions } from './earlier-versions.ts';
import type { FollowedScope } from './followed-scope.ts';
import { Grants } from './grants.ts';
import { HeardWrites } from './heard-writes.ts';
import { type Lender, nodeIdentity, nodeLender } from './lenders.ts';
import { NotedCloud } from './noted-cloud.ts';
import { NotedDocuments } from './noted-documents.ts';
import { NotedObjects } from './noted-objects.ts';
import { NotedRights } from './noted-rights.ts';
import { Notes } from './notes.ts';
import { OwedWrites } from './outbox/owed-writes.ts';
import { RecentEvents } from './recent-events.ts';
import { restoreNotes } from './restore-notes.ts';
import { RightProofs } from './right-proofs.ts';
import type { Scope } from './scope.ts';
import { ScopeRecords } from './scope-records.ts';
import { ScopeTable } from './scope-table.ts';
import { timeHearingTransport } from './time-hearing-transport.ts';
import { HeldTokens } from './tokens/held-tokens.ts';
import { UnfitResources } from './unfit-resources.ts';
import { VersionOrigins } from './version-origins.ts';
import { RingBudget } from './watch/ring-budget.ts';

/** For each scope; a client that was away for longer lists again. */
const ring = { events: 1000, bytes: 2 * 1024 * 1024 };
/** For all of them together. */
const ringsBytes = 32 * 1024 * 1024;
const noteContactEveryMs = 3_600_000;

export class Cache {
  readonly time: CloudTime;
  readonly rights: NotedRights;
  readonly grants: Grants;
  /** Single objects, read by name. */
  readonly objects: NotedObjects;
  readonly recentEvents = new RecentEvents();
  readonly documents: NotedDocuments;
  /** What the cloud has issued for pods of this node. */
  readonly tokens: HeldTokens;
  readonly scopes: ScopeTable;
  /** What was written here while the cloud was away. */
  readonly writes: OwedWrites;
  /** What was written through here while it was there. */
  readonly answered: AnsweredWrites;
  /** What the cloud says of an object in answer to a write goes through here. */
  readonly heard: HeardWrites;
  readonly origins: VersionOrigins;
  readonly #o: CacheOptions;
  readonly #records: ScopeRecords;
  readonly #notes: Notes;
  readonly #proofs: RightProofs;
  readonly #unfit: UnfitResources;
  readonly #cloud: NotedCloud;

  private constructor(options: CacheOptions) {
    this.#o = options;
    const { records, link, timing, initialSync, gatherMs, events, rightLifetimeMs: lifetimeMs } = options;
    const time = new CloudTime(timing);
    this.time = time;
    const notes = new Notes(records, (error) => events.storageBehind('notes', error));
    this.#notes = notes;
    this.#cloud = new NotedCloud(notes, time);
    this.#unfit = new UnfitResources(() => timing.now());
    this.rights = new NotedRights({ notes, time, lifetimeMs });
    this.grants = new Grants({ notes, time, lifetimeMs });
    this.objects = new NotedObjects({ notes, time, lifetimeMs });
    this.documents = new NotedDocuments(notes);
    this.tokens = new HeldTokens({ notes, time, now: () => timing.now() });
    this.#records = new ScopeRecords({ records, now: () => time.now(), onBehind: events.storageBehind });
    const transport = timeHearingTransport(options.transport, time);
    this.#proofs = new RightProofs({
      transport,
      timing,
      afterMs: options.rightCheckMs,
      onAllowed: (identity, scope) => this.rights.see(identity, scope),
      onRefused: (identity, scope) => {
        this.rights.lose(identity, scope);
        events.rightEnded(identity, scope);
      },
    });
    const cluster = new CloudIdentityCheck({
      transport,
      newestVersion: () => this.scopes.newestCoreVersion(),
      remembered: () => this.#cloud.cluster,
      remember: (identity) => this.#cloud.remember(identity),
      onAnotherCluster: (error, newestVersion) => this.#forgetAll(error, newestVersion),
      onBlind: events.clusterUnknown,
    });
    this.writes = new OwedWrites(
      { ...options.writes, records, link, timing, wallClock: () => time.now() },
      {
        cluster,
        cloudObject: (request) => cloudObject(this, request),
        hasStatus: (gvr) => this.documents.discovery.of(gvr)?.hasStatus,
        scopesOf: (gvr) => this.scopes.ofResource(gvr),
        newestVersion: () => maxResourceVersion(this.scopes.newestVersion(), this.objects.newestVersion()),
        hear: (object, identity, word) => this.heard.hear(object, identity, word),
        forget: (path) => this.heard.forget(path),
      },
    );
    this.answered = new AnsweredWrites({
      versions: this.writes.versions,
      gaveOut: (gvr, version) => this.writes.spans.gaveOut(gvr, version),
      scopesOf: (gvr) => this.scopes.ofResource(gvr),
      isOwed: (path) => this.writes.owesObject(path),
    });
    this.heard = new HeardWrites({
      versions: this.writes.versions,
      objects: this.objects,
      recentEvents: this.recentEvents,
      answered: this.answered,
      scopesOf: (gvr) => this.scopes.ofResource(gvr),
      onWritten: (path, object) => this.writes.answered(path, object),
      makeDurable: () => notes.sync(),
    });
    this.origins = new VersionOrigins(this.writes);
    this.scopes = new ScopeTable({
      transport,
      link: this.writes.gate,
      ownWrites: this.writes.own,
      timing,
      initialSync,
      gatherMs,
      cluster,
      ring: { ...ring, budget: new RingBudget(ringsBytes) },
      keeper: this.#records,
      // Other callers' rights are noted by the hub, under the name that the cloud has proven.
      isNamespaced: (gvr) => this.documents.discovery.of(gvr)?.isNamespaced,
      onUnwatchable: (gvr) => this.cannotKeep(gvr),
      onGranted: (identity, scope) => {
        if (identity === nodeIdentity) this.rights.see(identity, scope);
      },
      onRefused: (identity, scope) => this.rights.lose(identity, scope),
      onFailure: events.scopeFailed,
      onCrash: events.crashed,
      onClosed: events.scopeClosed,
    });
  }

  /** Reads back what an earlier life knew, and takes the following up again. */
  static async open(options: CacheOptions): Promise<Cache> {
    const cache = new Cache(options);
    await cache.#restore();
    return cache;
  }

  async #restore(): Promise<void> {
    const { records, events, timing } = this.#o;
    await this.#cloud.restore(records);
    await restoreNotes(this.#notes, this, { records, onDamaged: events.scopeDamaged });
    for (const scope of await this.#records.restore(events.scopeDamaged)) {
      const byNode = this.rights.has(nodeIdentity, scope.scope);
      const ageMs = Math.max(0, this.time.now() - scope.confirmedAt);
      this.scopes.restore({ ...scope, confirmedAt: timing.now() - ageMs }, byNode ? nodeLender : undefined);
    }
    await this.writes.restore();
    refuseEarlierVersions(this.scopes.all, this.writes);
    this.writes.start(events.crashed);
  }

  /** Follows a scope for a reader whose first answer comes from the sync that starts now. */
  open(scope: Scope, identity: string, credential: Credential): FollowedScope {
    const isNew = this.scopes.get(scope.id) === undefined;
    const followed = this.scopes.open(scope, identity, credential);
    if (isNew) this.#o.events.scopeOpened(followed);
    return followed;
  }

  /** This resource answers in a way that cannot be kept here (no versions, no watch): not tried again for a while. */
  cannotKeep(gvr: GroupVersionResource): void {
    this.#unfit.add(gvr);
  }

  /** Also false when discovery says that it cannot be watched. */
  canKeep(gvr: GroupVersionResource): boolean {
    return this.documents.discovery.of(gvr)?.verbs.includes('watch') !== false && !this.#unfit.has(gvr);
  }

  /**
   * Whether this reader may be answered from the store while the cloud could be asked. A right that was last seen a while
   * ago is proven again meanwhile. `resourceVersion` is one that is known of this resource.
   */
  mayRead(reader: Lender, scope: Scope, resourceVersion: string): boolean {
    const right = this.rights.find(reader.identity, scope);
    if (right === undefined) return false;
    if (this.#o.link.isOnline) this.#proofs.used(reader, { ...right, resourceVersion });
    return true;
  }

  /** Called every minute or so: closes what nobody reads, drops what has ended, writes anew what the disk missed. */
  async tidy(): Promise<void> {
    const { link, timing, lingerMs } = this.#o;
    this.rights.tidy();
    this.grants.tidy();
    this.objects.tidy();
    this.documents.tidy();
    this.#cloud.noteContact(noteContactEveryMs);
    if (link.isOnline) this.scopes.closeUnread(timing.now(), lingerMs);
    if (this.#o.records.health.state !== 'ok') return;
    await this.writes.outbox.flush();
    for (const id of this.#records.behind) await this.scopes.get(id)?.content.saveAnew();
  }

  /** Ends all streams to the cloud without forgetting anything: the process goes down. */
  async halt(): Promise<void> {
    this.#proofs.stop();
    this.scopes.stopAll();
    await this.writes.stop();
  }

  /** Everything noted so far is on disk, as far as the disk takes it. */
  async flush(): Promise<void> {
    this.documents.tidy();
    this.#cloud.noteContact(1);
    await allEnded([this.#records.idle(), this.writes.flush()]);
    await this.#notes.sync();
  }

  /** Another cluster, or another past of this one: nothing that is known here may be told as its truth. */
  #forgetAll(error: Error, newestVersion: string): Promise<void> {
    this.#o.events.anotherCluster(error);
    for (const followed of this.scopes.all) followed.expire(error.message);
    this.rights.clear();
    this.grants.clear();
    this.objects.clear();
    this.recentEvents.clear();
    this.answered.clear();
    this.heard.clear();
    this.documents.clear();
    this.tokens.clear();
    return this.writes.forgetCluster(error, newestVersion);
  }
}
