// What the node knows, as one thing: scopes that are followed, rights that were seen, single objects and documents as
// last seen, and all of it on disk. The hub asks it; it asks the cloud only through the transport it was given.

import type { Records } from '../../storage/records.ts';
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';
import { AnsweredWrites } from './answered-writes.ts';
import type { CacheEvents } from './cache-events.ts';
import { type CloudObject, cloudObject } from './cloud-object.ts';
import { CloudTime } from './cloud-time.ts';
import { type CloudWord, wordOfAnswer } from './cloud-word.ts';
import { CloudIdentityCheck, type ClusterIdentity } from './cluster-check.ts';
import type { Credential } from './credential.ts';
import type { FollowedScope } from './followed-scope.ts';
import { Grants } from './grants.ts';
import { type Lender, nodeLender } from './lenders.ts';
import { NotedDocuments } from './noted-documents.ts';
import { NotedObjects } from './noted-objects.ts';
import { NotedRights } from './noted-rights.ts';
import { type NoteSpace, Notes } from './notes.ts';
import { OwedWrites } from './outbox/owed-writes.ts';
import type { NamedObject, OwedWritesOptions } from './outbox/owed-writes-dependencies.ts';
import { isPassing, RecentEvents } from './recent-events.ts';
import type { InitialSync, LinkGate, Timing } from './reflector.ts';
import { RightProofs } from './right-proofs.ts';
import { collectionPath, type Scope } from './scope.ts';
import { ScopeRecords } from './scope-records.ts';
import { ScopeTable } from './scope-table.ts';
import { HeldTokens } from './tokens/held-tokens.ts';
import type { Transport } from './transport.ts';
import { RingBudget } from './watch/ring-budget.ts';
import { type WrittenInfo, WrittenVersions } from './written-versions.ts';

export interface CacheOptions {
  readonly records: Records;
  readonly transport: Transport;
  readonly link: LinkGate;
  readonly timing: Timing;
  readonly initialSync: InitialSync;
  /** Changes closer together than this are taken in together, in milliseconds. */
  readonly gatherMs: number;
  /** A scope that nobody reads or watches for so long is not followed any more. */
  readonly lingerMs: number;
  /** A right that was not seen again for so long has ended; the node's own has not. */
  readonly rightLifetimeMs: number;
  /** Online, a right that answers reads is proven again when it was last seen so long ago. */
  readonly rightCheckMs: number;
  readonly events: CacheEvents;
  readonly writes: Omit<OwedWritesOptions, 'records' | 'link' | 'timing' | 'wallClock'>;
}

/** Identity under which the hub's own certificate reads. */
export const nodeIdentity = nodeLender.identity;

/** For each scope; a client that was away for longer lists again. */
const ring = { events: 1000, bytes: 2 * 1024 * 1024 };
/** For all of them together. */
const ringsBytes = 32 * 1024 * 1024;
const unfitForMs = 10 * 60_000;
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
  /** The newest version of each resource that a write through this hub was answered with. */
  readonly written = new WrittenVersions();
  /** What was written here while the cloud was away. */
  readonly writes: OwedWrites;
  /** What was written through here while it was there. */
  readonly answered: AnsweredWrites;
  readonly #o: CacheOptions;
  readonly #records: ScopeRecords;
  readonly #notes: Notes;
  readonly #proofs: RightProofs;
  /** Resource → until when; there are only as many as the cloud serves. */
  readonly #unfit = new Map<string, number>();
  #cluster: ClusterIdentity | undefined;
  #notedContact = 0;

  private constructor(options: CacheOptions) {
    this.#o = options;
    const { records, link, timing, initialSync, gatherMs, events, rightLifetimeMs: lifetimeMs } = options;
    const time = new CloudTime(timing);
    this.time = time;
    const notes = new Notes(records, (error) => events.storageBehind('notes', error));
    this.#notes = notes;
    this.rights = new NotedRights({ notes, time, lifetimeMs });
    this.grants = new Grants({ notes, time, lifetimeMs });
    this.objects = new NotedObjects({ notes, time, lifetimeMs });
    this.documents = new NotedDocuments(notes);
    this.tokens = new HeldTokens({ notes, time, now: () => timing.now() });
    this.#records = new ScopeRecords({ records, now: () => time.now(), onBehind: events.storageBehind });
    const transport = listening(options.transport, time);
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
      remembered: () => this.#cluster,
      remember: (identity) => {
        this.#cluster = identity;
        notes.put('meta', 'cluster', Buffer.from(JSON.stringify(identity)));
      },
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
        hear: (object, identity, word) => this.#hear(object, identity, word),
        forget: (path) => this.forgetObject(path),
      },
    );
    this.answered = new AnsweredWrites({
      versions: this.writes.versions,
      gaveOut: (gvr, version) => this.writes.spans.gaveOut(gvr, version),
      scopesOf: (gvr) => this.scopes.ofResource(gvr),
      isOwed: (path) => this.writes.owesObject(path),
    });
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
    const cluster = await records.read('meta', 'cluster');
    if (cluster !== undefined) this.#cluster = JSON.parse(cluster.toString()) as ClusterIdentity;
    const contact = await records.read('meta', 'last-contact');
    if (contact !== undefined) this.time.restore(Number(contact.toString()));
    await this.#restoreNotes('right', (value) => this.rights.restore(value));
    await this.#restoreNotes('grant', (value, key) => this.grants.restore(value, key));
    await this.#restoreNotes('document', (value, key) => this.documents.restore(value, key));
    this.documents.restoreSeen(await records.read('meta', NotedDocuments.seenKey));
    await this.#restoreNotes('observed', (value, key) => this.objects.restore(value, key));
    await this.#restoreNotes('token', (value, key) => this.tokens.restore(value, key));
    for (const scope of await this.#records.restore(events.scopeDamaged)) {
      const byNode = this.rights.has(nodeIdentity, scope.scope);
      const ageMs = Math.max(0, this.time.now() - scope.confirmedAt);
      this.scopes.restore({ ...scope, confirmedAt: timing.now() - ageMs }, byNode ? nodeLender : undefined);
    }
    await this.writes.restore();
    const { versions, spans } = this.writes;
    for (const { scope, snapshot } of this.scopes.all) {
      if (snapshot.beginAnew((version) => spans.versionAbove(scope.gvr, version))) {
        spans.gaveOut(scope.gvr, snapshot.resourceVersion);
        versions.see(snapshot.resourceVersion);
      }
      snapshot.refuse(spans.of(scope.gvr));
    }
    this.writes.start(events.crashed);
  }

  /** A note that cannot be read is one that is missing. */
  async #restoreNotes(space: NoteSpace, restore: (value: Buffer, key: string) => void): Promise<void> {
    for (const [key, value] of await this.#notes.load(space)) {
      try {
        restore(value, key);
      } catch (error) {
        this.#o.events.scopeDamaged(`${space} ${key}`, `it cannot be read: ${(error as Error).message}`);
      }
    }
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
    this.#unfit.set(gvrKey(gvr), this.#o.timing.now() + unfitForMs);
  }

  /** Also false when discovery says that it cannot be watched. */
  canKeep(gvr: GroupVersionResource): boolean {
    if (this.documents.discovery.of(gvr)?.verbs.includes('watch') === false) return false;
    const until = this.#unfit.get(gvrKey(gvr));
    return until === undefined || this.#o.timing.now() > until;
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

  /** True when this scope has come to what was written through this hub: who has written may be answered from it. */
  hasReachedWritten(followed: FollowedScope, namespace: string): boolean {
    const { scope, snapshot, cloudVersion } = followed;
    const isReached = this.written.isReached(scope.gvr, namespace, cloudVersion) && !snapshot.isToBeReread;
    return isReached && !this.answered.isBehindDeletion(followed);
  }

  /** True when who has this version has it neither from this scope nor from what the cloud was heard to have come to. */
  isOfAnotherPast(followed: FollowedScope, resourceVersion: string): boolean {
    const isUnheardOf = compareResourceVersion(resourceVersion, this.writes.versions.newest) > 0;
    return (isUnheardOf && this.isAhead(followed, resourceVersion)) || this.isBeside(followed, resourceVersion);
  }

  /** The scope shows versions given out here, and this one is the cloud's, of a time that the scope knows nothing of. */
  isBeside(followed: FollowedScope, resourceVersion: string): boolean {
    const { cloudVersion, resourceVersion: shown } = followed;
    return compareResourceVersion(cloudVersion, shown) < 0 && this.isAhead(followed, resourceVersion);
  }

  /** This version is the cloud's, and of later than what the scope has heard of it. */
  isAhead({ scope, cloudVersion }: FollowedScope, resourceVersion: string): boolean {
    if (isPassing(scope.gvr) || compareResourceVersion(resourceVersion, cloudVersion) <= 0) return false;
    return !this.writes.spans.has(scope.gvr, resourceVersion);
  }

  /**
   * The cloud has just answered a write through this hub: who reads after it must not be told less. Resolves when that holds
   * for another life, too.
   */
  async seeWritten({ gvr, namespace, name, verb, search }: WrittenInfo, identity: string, body: Buffer): Promise<void> {
    if (search.includes('dryRun=') || gvr === undefined) return;
    const word = wordOfAnswer(gvr, verb, body);
    if (word === undefined) return;
    if ('object' in word) {
      this.written.see(gvr, namespace, word.object.resourceVersion);
      this.writes.versions.see(word.object.resourceVersion);
    }
    const known = name === '' && 'object' in word ? word.object.name : name;
    const path = `${collectionPath(gvr, namespace)}/${known}`;
    await this.#hear({ gvr, namespace, name: known, path }, identity, word);
    if ('object' in word) await this.writes.answered(path, word.object);
  }

  async #hear({ gvr, namespace, name, path }: NamedObject, identity: string, word: CloudWord): Promise<void> {
    this.answered.see(path, { gvr, key: `${namespace}/${name}`, word });
    const noted = 'object' in word ? this.#remember(gvr, path, identity, word.object) : undefined;
    const scopes = [...this.scopes.ofResource(gvr)];
    await Promise.all([noted, ...scopes.map((followed) => followed.content.hear(`${namespace}/${name}`, word))]);
  }

  #remember(gvr: GroupVersionResource, path: string, identity: string, object: CloudObject): Promise<void> | undefined {
    if (!isPassing(gvr)) return this.objects.keep(path, identity, object.body);
    this.recentEvents.see(path, object);
    return undefined;
  }

  /** What was known of it one by one is not so any more. */
  forgetObject(path: string): void {
    this.objects.forget(path);
    this.recentEvents.forget(path);
  }

  /** Called every minute or so: closes what nobody reads, drops what has ended, writes anew what the disk missed. */
  async tidy(): Promise<void> {
    const { link, timing, lingerMs } = this.#o;
    this.rights.tidy();
    this.objects.tidy();
    this.documents.tidy();
    this.#noteContact(noteContactEveryMs);
    if (link.isOnline) this.scopes.closeUnread(timing.now(), lingerMs);
    if (this.#o.records.health.state !== 'ok') return;
    await this.writes.outbox.flush();
    for (const id of this.#records.behind) await this.scopes.get(id)?.content.saveAnew();
  }

  /** How far the clock can be believed after a restart. */
  #noteContact(atMostEveryMs: number): void {
    const { isCertain, lastContact = 0 } = this.time;
    if (!isCertain || Math.abs(lastContact - this.#notedContact) < atMostEveryMs) return;
    this.#notedContact = lastContact;
    this.#notes.put('meta', 'last-contact', Buffer.from(String(Math.round(lastContact))));
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
    this.#noteContact(1);
    await Promise.all([this.#notes.idle(), this.#records.idle(), this.writes.flush()]);
    await this.#o.records.sync().catch((error: unknown) => this.#o.events.storageBehind('flush', error));
  }

  /** Another cluster, or another past of this one: nothing that is known here may be told as its truth. */
  #forgetAll(error: Error, newestVersion: string): Promise<void> {
    this.#o.events.anotherCluster(error);
    for (const followed of this.scopes.all) followed.expire(error.message);
    this.rights.clear();
    this.grants.clear();
    this.objects.clear();
    this.recentEvents.clear();
    this.documents.clear();
    this.tokens.clear();
    this.written.clear();
    this.answered.clear();
    return this.writes.forgetCluster(error, newestVersion);
  }
}

/** What the cloud says of the time is heard in passing. */
function listening(transport: Transport, time: CloudTime): Transport {
  return {
    async get(request) {
      const answer = await transport.get(request);
      time.heard(answer.headers.date);
      return answer;
    },
  };
}
