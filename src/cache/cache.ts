// What the node knows, as one thing: scopes that are followed, rights that were seen, single objects and documents as
// last seen, and all of it on disk. The hub asks it; it asks the cloud only through the transport it was given.

import type { Records } from '../../storage/records.ts';
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import { BoundedMap } from './bounded-map.ts';
import { CloudIdentityCheck, type ClusterIdentity } from './cluster-check.ts';
import type { Credential } from './credential.ts';
import { type Document, decodeDocument, encodeDocument } from './document.ts';
import type { FollowedScope } from './followed-scope.ts';
import { decodeKnownObject, encodeKnownObject, type KnownObject, KnownObjects } from './known-object.ts';
import { nodeLender } from './lenders.ts';
import { type NoteSpace, Notes } from './notes.ts';
import type { InitialSync, LinkGate, Timing } from './reflector.ts';
import { type RightKey, Rights, type SeenRight } from './rights.ts';
import { type Scope, scopeText } from './scope.ts';
import { ScopeRecords } from './scope-records.ts';
import { ScopeTable } from './scope-table.ts';
import type { Transport } from './transport.ts';

/** One call for each change of state; the hub writes the log line and counts. */
export interface CacheEvents {
  scopeOpened(followed: FollowedScope): void;
  scopeClosed(followed: FollowedScope, reason: string): void;
  scopeFailed(followed: FollowedScope, error: unknown): void;
  scopeDamaged(scope: string, reason: string): void;
  storageBehind(scopeId: string, cause: unknown): void;
  anotherCluster(error: Error): void;
  clusterUnknown(error: Error): void;
  crashed(error: unknown): void;
}

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
  /** A right that was not seen again for so long has ended. */
  readonly rightLifetimeMs: number;
  readonly events: CacheEvents;
}

/** Identity under which the hub's own certificate reads. */
export const nodeIdentity = nodeLender.identity;

/** For each scope; a client that was away for longer lists again. */
const ring = { events: 1000, bytes: 2 * 1024 * 1024 };
const unfitForMs = 10 * 60_000;
const knownObjectsBytes = 16 * 1024 * 1024;
/** Discovery and OpenAPI of a large cluster in the few forms that clients ask for. */
const documentsBytes = 32 * 1024 * 1024;

export class Cache {
  readonly rights: Rights;
  readonly scopes: ScopeTable;
  readonly #o: CacheOptions;
  readonly #records: ScopeRecords;
  readonly #known = new KnownObjects(knownObjectsBytes);
  readonly #documents = new BoundedMap<Document>(documentsBytes, ({ body }) => body.length);
  readonly #notes: Notes;
  /** Resource → until when; there are only as many as the cloud serves. */
  readonly #unfit = new Map<string, number>();
  #cluster: ClusterIdentity | undefined;

  private constructor(options: CacheOptions) {
    this.#o = options;
    const { records, transport, link, timing, initialSync, gatherMs, events } = options;
    this.rights = new Rights(options.rightLifetimeMs);
    this.#notes = new Notes(records, (error) => events.storageBehind('notes', error));
    this.#records = new ScopeRecords({ records, now: () => timing.wallClock(), onBehind: events.storageBehind });
    const cluster = new CloudIdentityCheck({
      transport,
      newestVersion: () => this.scopes.newestCoreVersion(),
      remembered: () => this.#cluster,
      remember: (identity) => {
        this.#cluster = identity;
        this.#notes.put('meta', 'cluster', Buffer.from(JSON.stringify(identity)));
      },
      onAnotherCluster: (error) => this.#forgetAll(error),
      onBlind: events.clusterUnknown,
    });
    this.scopes = new ScopeTable({
      transport,
      link,
      timing,
      initialSync,
      gatherMs,
      cluster,
      ring,
      keeper: this.#records,
      // Other callers' rights are noted by the hub, under the name that the cloud has proven.
      onGranted: (identity, scope) => {
        if (identity === nodeIdentity) this.seeRight(identity, scope);
      },
      onRefused: (identity, scope) => this.loseRight(identity, scope),
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
    await this.#restoreNotes('right', (value) => this.rights.restore(JSON.parse(value.toString()) as SeenRight));
    await this.#restoreNotes('document', (value, key) => {
      this.#notes.delete('document', this.#documents.set(key, decodeDocument(value)));
    });
    await this.#restoreNotes('observed', (value, key) => {
      this.#notes.delete('observed', this.#known.restore(key, decodeKnownObject(value)));
    });
    for (const scope of await this.#records.restore(events.scopeDamaged)) {
      const byNode = this.rights.has(nodeIdentity, scope.scope, timing.wallClock());
      const ageMs = Math.max(0, timing.wallClock() - scope.confirmedAt);
      this.scopes.restore({ ...scope, confirmedAt: timing.now() - ageMs }, byNode ? nodeLender : undefined);
    }
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

  canKeep(gvr: GroupVersionResource): boolean {
    const until = this.#unfit.get(gvrKey(gvr));
    return until === undefined || this.#o.timing.now() > until;
  }

  /** The cloud answered 2xx to this identity for this scope. */
  seeRight(identity: string, scope: Scope): void {
    const now = this.#o.timing.wallClock();
    if (!this.rights.see(identity, scope, now)) return;
    const right: SeenRight = { identity, scope: scopeText(scope), seenAt: now };
    this.#notes.put('right', rightKey({ identity, scopeId: scope.id }), Buffer.from(JSON.stringify(right)));
  }

  /** The cloud answered 403. */
  loseRight(identity: string, scope: Scope): void {
    const lost = this.rights.lose(identity, scope);
    this.#notes.revoke(
      'right',
      lost.map(({ id }) => rightKey({ identity, scopeId: id })),
    );
  }

  hasRight(identity: string, scope: Scope): boolean {
    return this.rights.has(identity, scope, this.#o.timing.wallClock());
  }

  document(key: string): Document | undefined {
    return this.#documents.get(key);
  }

  seeDocument(key: string, document: Document): void {
    const known = this.#documents.peek(key);
    this.#notes.delete('document', this.#documents.set(key, document));
    if (known !== undefined && known.etag === document.etag && known.body.equals(document.body)) return;
    this.#notes.put('document', key, encodeDocument(document));
  }

  knownObject(path: string, identity: string): KnownObject | undefined {
    const known = this.#known.get(path);
    return known?.identities.includes(identity) ? known : undefined;
  }

  /** The cloud showed this object to this identity. */
  seeObject(path: string, identity: string, body: Buffer): void {
    const { isNews, dropped } = this.#known.see(path, identity, body, this.#o.timing.wallClock());
    this.#notes.delete('observed', dropped);
    const known = this.#known.get(path);
    if (isNews && known !== undefined) {
      this.#notes.put('observed', path, encodeKnownObject(known), { secret: isSecret(path) });
    }
  }

  /** What was known under this path is not so any more. */
  forgetObject(path: string): void {
    if (this.#known.delete(path)) this.#notes.revoke('observed', [path]);
  }

  /** The cloud refused this object to this identity. */
  refuseObject(path: string, identity: string): void {
    if (this.#known.get(path)?.identities.includes(identity) !== true) return;
    const left = this.#known.refuse(path, identity);
    if (left === undefined) this.#notes.revoke('observed', [path]);
    else this.#notes.replace('observed', path, encodeKnownObject(left), { secret: isSecret(path) });
  }

  /** Called every minute or so: closes what nobody reads, drops rights that have ended, writes anew what the disk missed. */
  async tidy(): Promise<void> {
    const { link, timing, lingerMs } = this.#o;
    this.#notes.delete('right', this.rights.prune(timing.wallClock()).map(rightKey));
    if (link.isOnline) this.scopes.closeUnread(timing.now(), lingerMs);
    if (this.#o.records.health.state !== 'ok') return;
    for (const id of this.#records.behind) await this.scopes.get(id)?.saveAnew();
  }

  /** Everything noted so far is on disk, as far as the disk takes it. */
  async flush(): Promise<void> {
    await Promise.all([this.#notes.idle(), this.#records.idle()]);
    await this.#o.records.sync().catch((error: unknown) => this.#o.events.storageBehind('flush', error));
  }

  /** Another cluster, or another past of this one: nothing that is known here may be told as its truth. */
  #forgetAll(error: Error): void {
    this.#o.events.anotherCluster(error);
    for (const followed of this.scopes.all) followed.expire(error.message);
    this.#notes.revoke('right', this.rights.clear().map(rightKey));
    this.#notes.revoke('observed', this.#known.clear());
    this.#notes.revoke('document', this.#documents.clear());
  }
}

function rightKey({ identity, scopeId }: RightKey): string {
  return `${identity} ${scopeId}`;
}

function isSecret(path: string): boolean {
  return /\/secrets\/[^/]+$/.test(path);
}
