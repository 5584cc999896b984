// What the node knows, as one thing: scopes that are followed, rights that were seen, single objects and documents as
// last seen, and all of it on disk. The hub asks it; it asks the cloud only through the transport it was given.
import type { Records } from '../../storage/records.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { CloudIdentityCheck, type ClusterIdentity } from './cluster-check.ts';
import { type Credential, nodeCredential } from './credential.ts';
import { type Document, decodeDocument, encodeDocument } from './document.ts';
import type { FollowedScope } from './followed-scope.ts';
import { type KnownObject, KnownObjects } from './known-object.ts';
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
  /** A scope that nobody reads or watches for so long is not followed any more. */
  readonly lingerMs: number;
  /** A right that was not seen again for so long has ended. */
  readonly rightLifetimeMs: number;
  readonly events: CacheEvents;
}

/** Identity under which the hub's own certificate reads. */
export const nodeIdentity = 'node';

const ring = { events: 2000, bytes: 8 * 1024 * 1024 };
const knownObjectsBytes = 16 * 1024 * 1024;

export class Cache {
  readonly rights: Rights;
  readonly scopes: ScopeTable;
  readonly #o: CacheOptions;
  readonly #records: ScopeRecords;
  readonly #known = new KnownObjects(knownObjectsBytes);
  readonly #documents = new Map<string, Document>();
  #cluster: ClusterIdentity | undefined;
  #pendingNotes = new Set<Promise<void>>();

  private constructor(options: CacheOptions) {
    this.#o = options;
    const { records, transport, link, timing, initialSync, events } = options;
    this.rights = new Rights(options.rightLifetimeMs);
    this.#records = new ScopeRecords({ records, now: timing.wallClock, onBehind: events.storageBehind });
    const cluster = new CloudIdentityCheck({
      transport,
      newestVersion: () => this.#newestCoreVersion(),
      remembered: () => this.#cluster,
      remember: (identity) => {
        this.#cluster = identity;
        this.#note({ type: 'put', space: 'meta', key: 'cluster', value: Buffer.from(JSON.stringify(identity)) });
      },
      onAnotherCluster: (error) => this.#forgetAll(error),
      onBlind: events.clusterUnknown,
    });
    this.scopes = new ScopeTable({
      transport,
      link,
      timing,
      initialSync,
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
    const { records, events } = this.#o;
    const cluster = await records.read('meta', 'cluster');
    if (cluster !== undefined) this.#cluster = JSON.parse(cluster.toString()) as ClusterIdentity;
    for (const value of (await this.#loadTrusted('right')).values()) {
      this.rights.restore(JSON.parse(value.toString()) as SeenRight);
    }
    for (const [key, value] of await this.#loadTrusted('document')) this.#documents.set(key, decodeDocument(value));
    for (const [key, value] of await this.#loadTrusted('observed')) this.#known.set(key, decodeKnownObject(value));
    const restored = await this.#records.restore((scope, reason) => events.scopeDamaged(String(scope), reason));
    const { timing } = this.#o;
    for (const scope of restored) {
      const byNode = this.rights.has(nodeIdentity, scope.scope, timing.wallClock());
      const ageMs = Math.max(0, timing.wallClock() - scope.confirmedAt);
      this.scopes.restore(
        { ...scope, confirmedAt: timing.now() - ageMs },
        byNode ? { identity: nodeIdentity, credential: nodeCredential } : undefined,
      );
    }
  }

  /** A keyspace in the midst of which the disk lost something is forgotten: a right that was taken back may stand in it again. */
  async #loadTrusted(space: 'right' | 'document' | 'observed'): Promise<ReadonlyMap<string, Buffer>> {
    const { records } = this.#o;
    const loaded = new Map<string, Buffer>();
    for await (const page of records.load(space)) for (const { key, value } of page) loaded.set(key, value);
    const settles = records.unsettled.filter((damage) => damage.space === space);
    if (settles.length === 0) return loaded;
    const isDoubtful = settles.some(({ key }) => key === '');
    const forgotten = isDoubtful ? [...loaded.keys()] : [];
    this.#track(
      records.write(
        forgotten.map((key) => ({ type: 'delete', space, key })),
        { settles },
      ),
    );
    return isDoubtful ? new Map() : loaded;
  }

  /** Follows a scope for a reader whose first answer comes from the sync that starts now. */
  open(scope: Scope, identity: string, credential: Credential): FollowedScope {
    const isNew = this.scopes.get(scope.id) === undefined;
    const followed = this.scopes.open(scope, identity, credential);
    if (isNew) this.#o.events.scopeOpened(followed);
    return followed;
  }

  /** The cloud answered 2xx to this identity for this scope. */
  seeRight(identity: string, scope: Scope): void {
    const now = this.#o.timing.wallClock();
    if (!this.rights.see(identity, scope, now)) return;
    const right: SeenRight = { identity, scope: scopeText(scope), seenAt: now };
    this.#note({
      type: 'put',
      space: 'right',
      key: rightKey({ identity, scopeId: scope.id }),
      value: Buffer.from(JSON.stringify(right)),
    });
  }

  /** The cloud answered 401 or 403. */
  loseRight(identity: string, scope: Scope): void {
    for (const lost of this.rights.lose(identity, scope)) {
      this.#note({ type: 'delete', space: 'right', key: rightKey({ identity, scopeId: lost.id }) });
    }
  }

  hasRight(identity: string, scope: Scope): boolean {
    return this.rights.has(identity, scope, this.#o.timing.wallClock());
  }

  document(key: string): Document | undefined {
    return this.#documents.get(key);
  }

  seeDocument(key: string, document: Document): void {
    const known = this.#documents.get(key);
    this.#documents.set(key, document);
    if (known !== undefined && known.etag === document.etag && known.body.equals(document.body)) return;
    this.#note({ type: 'put', space: 'document', key, value: encodeDocument(document) });
  }

  knownObject(path: string, identity: string): KnownObject | undefined {
    const known = this.#known.get(path);
    return known?.identities.includes(identity) ? known : undefined;
  }

  /** The cloud showed this object to this identity. */
  seeObject(path: string, identity: string, body: Buffer): void {
    const { isNews, dropped } = this.#known.see(path, identity, body, this.#o.timing.wallClock());
    for (const key of dropped) this.#note({ type: 'delete', space: 'observed', key });
    const known = this.#known.get(path);
    if (isNews && known !== undefined) this.#noteKnown(path, known);
  }

  /** What was known under this path is not so any more. */
  forgetObject(path: string): void {
    if (this.#known.delete(path)) this.#note({ type: 'delete', space: 'observed', key: path });
  }

  refuseObject(path: string, identity: string): void {
    if (this.#known.get(path)?.identities.includes(identity) !== true) return;
    const left = this.#known.refuse(path, identity);
    if (left === undefined) this.#note({ type: 'delete', space: 'observed', key: path });
    else this.#noteKnown(path, left);
  }

  /** Called every minute or so: closes what nobody reads, drops rights that have ended, writes anew what the disk missed. */
  async tidy(): Promise<void> {
    const now = this.#o.timing.now();
    for (const right of this.rights.prune(this.#o.timing.wallClock()))
      this.#note({ type: 'delete', space: 'right', key: rightKey(right) });
    if (this.#o.link.isOnline) {
      for (const followed of [...this.scopes.all]) {
        const isIdle =
          !followed.isPinned && followed.listeners.size === 0 && now - followed.lastReadAt > this.#o.lingerMs;
        if (isIdle) this.scopes.close(followed, 'nobody has read it for the linger time');
        else if (followed.isAbandoned(now)) this.scopes.close(followed, 'nobody lends a credential to follow it');
      }
    }
    if (this.#o.records.health.state !== 'ok') return;
    for (const id of this.#records.behind) await this.scopes.get(id)?.saveAnew();
  }

  /** Everything noted so far is on disk, as far as the disk takes it. */
  async flush(): Promise<void> {
    await Promise.all([...this.#pendingNotes, this.#records.idle()]);
    await this.#o.records.sync().catch((error: unknown) => this.#o.events.storageBehind('flush', error));
  }

  #newestCoreVersion(): string {
    let newest = '';
    for (const { scope, snapshot } of this.scopes.all) {
      if (scope.gvr.group !== '' || scope.gvr.resource === 'events' || !snapshot.isComplete) continue;
      if (newest === '' || compareResourceVersion(snapshot.resourceVersion, newest) > 0)
        newest = snapshot.resourceVersion;
    }
    return newest;
  }

  /** Another cluster, or another past of this one: nothing that is known here may be told as its truth. */
  #forgetAll(error: Error): void {
    this.#o.events.anotherCluster(error);
    for (const followed of this.scopes.all) followed.expire(error.message);
    for (const path of this.#known.clear()) this.#note({ type: 'delete', space: 'observed', key: path });
    for (const key of this.#documents.keys()) this.#note({ type: 'delete', space: 'document', key });
    this.#documents.clear();
  }

  #noteKnown(path: string, known: KnownObject): void {
    const secret = /\/secrets\/[^/]+$/.test(path);
    this.#note({ type: 'put', space: 'observed', key: path, value: encodeKnownObject(known), secret });
  }

  /** Written when the disk gets to it: a note that is lost makes an answer missing, never wrong. */
  #note(change: Parameters<Records['write']>[0][number]): void {
    this.#track(this.#o.records.write([change]));
  }

  #track(writing: Promise<void>): void {
    const settled: Promise<void> = writing
      .catch((error: unknown) => this.#o.events.storageBehind('notes', error))
      .finally(() => this.#pendingNotes.delete(settled));
    this.#pendingNotes.add(settled);
  }
}

function rightKey({ identity, scopeId }: RightKey): string {
  return `${identity} ${scopeId}`;
}

/** One line of JSON, then the object's own bytes. */
function encodeKnownObject({ body, ...head }: KnownObject): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

function decodeKnownObject(bytes: Buffer): KnownObject {
  const end = bytes.indexOf(10);
  return {
    ...(JSON.parse(bytes.subarray(0, end).toString()) as Omit<KnownObject, 'body'>),
    body: bytes.subarray(end + 1),
  };
}
