// Scopes on disk. An object is stored once however many scopes hold it; a scope stores which objects it holds and the
// version it has reached. All records of one change go into one batch, so a crash leaves a scope as it was before or
// after a change, never between. What a failed disk could not take is noted: that scope is not complete after a restart.

import type { Change as RecordChange, Records } from '../../storage/records.ts';
import { gvrKey } from '../apimachinery/group-version-resource.ts';
import { type KubernetesObject, readObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { canDecide, type Scope, type ScopeText, scopeMatches, scopeOf, scopeText } from './scope.ts';
import type { FullSync, ListType, RestoredSnapshot } from './snapshot.ts';
import type { Change } from './watch/event-ring.ts';

/** What is written once per full sync. */
interface ScopeRecord {
  readonly scope: ScopeText;
  readonly listType: ListType;
}

/** What is written with each change. */
interface ProgressRecord {
  readonly resourceVersion: string;
  readonly floor: string;
  /** Milliseconds since the epoch. */
  readonly confirmedAt: number;
}

export interface RestoredScope {
  readonly scope: Scope;
  readonly number: string;
  readonly snapshot: RestoredSnapshot;
  readonly confirmedAt: number;
}

interface StoredObject {
  /** The newest that any scope has seen. */
  object: KubernetesObject;
  /** False when the disk may hold an older one. */
  isWritten: boolean;
  /** Numbers of the scopes that it is in. */
  readonly holders: Set<string>;
}

export interface ScopeRecordsOptions {
  readonly records: Records;
  readonly now: () => number;
  /** The disk does not take changes any more; said once per scope. */
  readonly onBehind: (scopeId: string, cause: unknown) => void;
}

export class ScopeRecords {
  readonly #o: ScopeRecordsOptions;
  readonly #objects = new Map<string, StoredObject>();
  readonly #numbers = new Map<string, string>();
  readonly #floors = new Map<string, string>();
  /** Scopes whose records are older than what was shown to clients. */
  readonly #behind = new Set<string>();
  #nextNumber = 1;

  constructor(options: ScopeRecordsOptions) {
    this.#o = options;
  }

  /** Reads everything back. A scope of which anything is missing or damaged is not returned, but reported. */
  async restore(onIncomplete: (scope: ScopeText | string, reason: string) => void): Promise<readonly RestoredScope[]> {
    const bodies = await this.#loadAll('object');
    const members = new Map<string, string[]>();
    for (const key of (await this.#loadAll('member')).keys()) {
      const slash = key.indexOf('/');
      const list = members.get(key.slice(0, slash)) ?? [];
      list.push(key.slice(slash + 1));
      members.set(key.slice(0, slash), list);
    }
    const scopeRecords = await this.#loadAll('scope');
    const doubt = this.#doubt();
    const restored: RestoredScope[] = [];
    const parsed = new Map<string, KubernetesObject>();
    for (const [number, value] of scopeRecords) {
      if (number.endsWith('.progress')) continue;
      this.#nextNumber = Math.max(this.#nextNumber, Number.parseInt(number, 36) + 1);
      const scope = doubt ?? this.#restoreOne(number, value, scopeRecords, members.get(number) ?? [], bodies, parsed);
      if (typeof scope === 'string') onIncomplete(number, scope);
      else restored.push(scope);
    }
    await this.#removeStrays(restored, bodies, members, scopeRecords);
    return restored;
  }

  /** The disk lost something in the midst of these keyspaces: which records are old now cannot be told. */
  #doubt(): string | undefined {
    return this.#o.records.unsettled.find(({ space, key }) => key === '' && isOfScopes(space))?.reason;
  }

  #restoreOne(
    number: string,
    value: Buffer,
    scopeRecords: ReadonlyMap<string, Buffer>,
    members: readonly string[],
    bodies: ReadonlyMap<string, Buffer>,
    parsed: Map<string, KubernetesObject>,
  ): RestoredScope | string {
    const progressBytes = scopeRecords.get(`${number}.progress`);
    if (progressBytes === undefined) return 'how far it had got is not known';
    const record = JSON.parse(value.toString()) as ScopeRecord;
    const progress = JSON.parse(progressBytes.toString()) as ProgressRecord & { readonly members: number };
    if (progress.members !== members.length)
      return `${progress.members} objects were noted, ${members.length} are there`;
    const scope = scopeOf(record.scope);
    const objects = new Map<string, KubernetesObject>();
    for (const member of members) {
      const key = objectKey(scope, member);
      const body = bodies.get(key);
      if (body === undefined) return `${member} is missing or damaged`;
      const object = parsed.get(key) ?? readObject(scope.gvr, body);
      parsed.set(key, object);
      objects.set(object.key, object);
    }
    const stranger = [...objects.values()].find((object) => !scopeMatches(scope, object) && canDecide(scope));
    if (stranger !== undefined) return `${stranger.key} left it just before the end`;
    for (const object of objects.values()) this.#hold(scope, object, number);
    this.#numbers.set(scope.id, number);
    this.#floors.set(scope.id, progress.floor);
    const { resourceVersion, floor, confirmedAt } = progress;
    return { scope, number, snapshot: { listType: record.listType, resourceVersion, floor, objects }, confirmedAt };
  }

  /** A first full sync, or one that takes everything's place. */
  async saveSync(scope: Scope, sync: FullSync): Promise<void> {
    const number = this.#numbers.get(scope.id) ?? (this.#nextNumber++).toString(36);
    this.#numbers.set(scope.id, number);
    this.#floors.set(scope.id, sync.resourceVersion);
    const record: ScopeRecord = { scope: scopeText(scope), listType: sync.listType };
    const changes: RecordChange[] = [{ type: 'put', space: 'scope', key: number, value: encode(record) }];
    for (const object of sync.objects.values()) changes.push(...this.#put(scope, number, object));
    changes.push(this.#progress(scope, number, sync.resourceVersion, sync.objects.size));
    await this.#write(scope, changes);
  }

  /** Changes of a complete scope and the version reached by them. `members` = objects in the scope afterwards. */
  async saveChanges(scope: Scope, changes: readonly Change[], resourceVersion: string, members: number): Promise<void> {
    const number = this.#numbers.get(scope.id);
    if (number === undefined) return;
    const records: RecordChange[] = [];
    for (const change of changes) {
      if (change.type === 'DELETED') records.push(...this.#delete(scope, number, change.object.key));
      else records.push(...this.#put(scope, number, change.object));
    }
    if (changes.length > 0) this.#floors.set(scope.id, changes.at(-1)!.object.resourceVersion);
    records.push(this.#progress(scope, number, resourceVersion, members));
    await this.#write(scope, records);
  }

  async remove(scope: Scope, memberKeys: Iterable<string>): Promise<void> {
    const number = this.#numbers.get(scope.id);
    if (number === undefined) return;
    this.#numbers.delete(scope.id);
    this.#floors.delete(scope.id);
    this.#behind.delete(scope.id);
    const changes: RecordChange[] = [
      { type: 'delete', space: 'scope', key: number },
      { type: 'delete', space: 'scope', key: `${number}.progress` },
    ];
    for (const key of memberKeys) changes.push(...this.#delete(scope, number, key));
    await this.#write(scope, changes);
  }

  async #write(scope: Scope, changes: readonly RecordChange[]): Promise<void> {
    if (this.#behind.has(scope.id)) return;
    try {
      await this.#o.records.write(changes);
    } catch (cause) {
      const behind = new Set([scope.id]);
      for (const { space, key } of changes) {
        const stored = space === 'object' ? this.#objects.get(key) : undefined;
        if (stored === undefined) continue;
        stored.isWritten = false;
        for (const number of stored.holders) behind.add(this.#scopeIdOf(number) ?? scope.id);
      }
      await this.#noteBehind([...behind], cause);
    }
  }

  /** From here on the records of these scopes are history: they must not come back as the truth after a restart. */
  async #noteBehind(scopeIds: readonly string[], cause: unknown): Promise<void> {
    const news = scopeIds.filter((id) => !this.#behind.has(id));
    const changes: RecordChange[] = [];
    for (const id of news) {
      this.#behind.add(id);
      this.#o.onBehind(id, cause);
      changes.push({ type: 'delete', space: 'scope', key: `${this.#numbers.get(id)}.progress` });
    }
    if (changes.length === 0) return;
    await this.#o.records.writeUrgent(changes).catch((error: unknown) => this.#o.onBehind(news.join(' '), error));
  }

  /** Scopes whose records are out of date; the caller writes them anew with `saveSync` once the disk takes writes again. */
  takeBehind(): readonly string[] {
    const ids = [...this.#behind];
    this.#behind.clear();
    return ids;
  }

  /** The same object in several scopes is one object in memory. */
  intern(scope: Scope, object: KubernetesObject): KubernetesObject {
    const known = this.#objects.get(objectKey(scope, object.key))?.object;
    return known?.resourceVersion === object.resourceVersion && known.uid === object.uid ? known : object;
  }

  #scopeIdOf(number: string): string | undefined {
    for (const [id, one] of this.#numbers) if (one === number) return id;
    return undefined;
  }

  #progress(scope: Scope, number: string, resourceVersion: string, members: number): RecordChange {
    const progress = { resourceVersion, floor: this.#floors.get(scope.id)!, confirmedAt: this.#o.now(), members };
    return { type: 'put', space: 'scope', key: `${number}.progress`, value: encode(progress) };
  }

  #put(scope: Scope, number: string, object: KubernetesObject): readonly RecordChange[] {
    const changes: RecordChange[] = [];
    const key = objectKey(scope, object.key);
    const known = this.#objects.get(key);
    if (!known?.isWritten || compareResourceVersion(object.resourceVersion, known.object.resourceVersion) > 0) {
      const secret = scope.gvr.resource === 'secrets' && scope.gvr.group === '';
      changes.push({ type: 'put', space: 'object', key, value: object.body, secret });
    }
    if (!known?.holders.has(number)) {
      changes.push({ type: 'put', space: 'member', key: `${number}/${object.key}`, value: empty });
    }
    this.#hold(scope, object, number);
    return changes;
  }

  #hold(scope: Scope, object: KubernetesObject, number: string): void {
    const key = objectKey(scope, object.key);
    const known = this.#objects.get(key);
    if (known === undefined) {
      this.#objects.set(key, { object, isWritten: true, holders: new Set([number]) });
      return;
    }
    known.holders.add(number);
    known.isWritten = true;
    if (compareResourceVersion(object.resourceVersion, known.object.resourceVersion) > 0) known.object = object;
  }

  #delete(scope: Scope, number: string, key: string): readonly RecordChange[] {
    const known = this.#objects.get(objectKey(scope, key));
    if (!known?.holders.delete(number)) return [];
    const changes: RecordChange[] = [{ type: 'delete', space: 'member', key: `${number}/${key}` }];
    if (known.holders.size > 0) return changes;
    this.#objects.delete(objectKey(scope, key));
    return [...changes, { type: 'delete', space: 'object', key: objectKey(scope, key) }];
  }

  async #loadAll(space: 'object' | 'member' | 'scope'): Promise<Map<string, Buffer>> {
    const all = new Map<string, Buffer>();
    for await (const page of this.#o.records.load(space)) for (const { key, value } of page) all.set(key, value);
    return all;
  }

  /** What belongs to no scope that came back whole. */
  async #removeStrays(
    restored: readonly RestoredScope[],
    bodies: ReadonlyMap<string, Buffer>,
    members: ReadonlyMap<string, readonly string[]>,
    scopeRecords: ReadonlyMap<string, Buffer>,
  ): Promise<void> {
    const numbers = new Set(restored.map(({ number }) => number));
    const changes: RecordChange[] = [];
    for (const key of bodies.keys())
      if (!this.#objects.has(key)) changes.push({ type: 'delete', space: 'object', key });
    for (const [number, keys] of members) {
      if (numbers.has(number)) continue;
      for (const key of keys) changes.push({ type: 'delete', space: 'member', key: `${number}/${key}` });
    }
    for (const key of scopeRecords.keys()) {
      if (!numbers.has(key.replace(/\.progress$/, ''))) changes.push({ type: 'delete', space: 'scope', key });
    }
    const settles = this.#o.records.unsettled.filter(({ space }) => isOfScopes(space));
    if (changes.length === 0 && settles.length === 0) return;
    await this.#o.records.write(changes, { settles }).catch(() => undefined); // strays only take room; the next start tries again
  }
}

const empty = Buffer.alloc(0);

function isOfScopes(space: string): boolean {
  return space === 'object' || space === 'member' || space === 'scope';
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** `v1/pods|default/web-0` */
function objectKey(scope: Scope, key: string): string {
  return `${gvrKey(scope.gvr)}|${key}`;
}
