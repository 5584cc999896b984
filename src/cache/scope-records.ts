// Scopes on disk. An object is stored once however many scopes hold it; a scope stores which objects it holds and the
// version it has reached. All records of one change go into one batch, so a crash leaves a scope as it was before or
// after a change, never between. What a failed disk could not take is noted: that scope is not complete after a restart.
import type { Change as RecordChange, Records } from '../../storage/records.ts';
import type { KubernetesObject } from '../apimachinery/object.ts';
import { type RestoredScope, restoreScope } from './restore-scope.ts';
import { type Scope, scopeText } from './scope.ts';
import type { FullSync } from './scope-feed.ts';
import type { ScopeKeeper, ScopeUpdate } from './scope-keeper.ts';
import {
  deleteMember,
  deleteProgress,
  deleteRecord,
  isOfScopes,
  type LoadedScopes,
  memberKey,
  numberAfter,
  numberText,
  putProgress,
  putRecord,
  scopesIn,
  strayRecords,
} from './scope-layout.ts';
import { StoredObjects } from './stored-objects.ts';

export interface ScopeRecordsOptions {
  readonly records: Records;
  readonly now: () => number;
  /** The disk does not take changes any more; said once per scope. */
  readonly onBehind: (scopeId: string, cause: unknown) => void;
}

interface KeptScope {
  /** Under which its records stand; another one for each time it is saved whole. */
  readonly number: string;
  /** The version that its records have reached. */
  resourceVersion: string;
  /** A watcher at or above this version has heard of every change. */
  floor: string;
  /** Of these objects its records have what the cloud had at a later version. */
  readonly mixed: Set<string>;
  /** Its records are older than what was shown to clients. */
  isBehind: boolean;
}

export class ScopeRecords implements ScopeKeeper {
  readonly #o: ScopeRecordsOptions;
  readonly #objects = new StoredObjects();
  readonly #kept = new Map<string, KeptScope>();
  readonly #removals = new Set<Promise<void>>();
  #nextNumber = 1;

  constructor(options: ScopeRecordsOptions) {
    this.#o = options;
  }

  /** Reads everything back. A scope of which anything is missing or damaged is not returned, but reported. */
  async restore(onIncomplete: (number: string, reason: string) => void): Promise<readonly RestoredScope[]> {
    const loaded: LoadedScopes = {
      bodies: await this.#loadAll('object'),
      memberKeys: [...(await this.#loadAll('member')).keys()],
      scopes: await this.#loadAll('scope'),
    };
    const doubt = this.#doubt();
    const restored: RestoredScope[] = [];
    const parsed = new Map<string, KubernetesObject>();
    this.#nextNumber = numberAfter(loaded);
    for (const stored of scopesIn(loaded)) {
      const scope = doubt ?? restoreScope(stored, parsed);
      if (typeof scope === 'string') onIncomplete(stored.number, scope);
      else {
        restored.push(scope);
        this.#keep(scope);
      }
    }
    await this.#removeStrays(loaded);
    return restored;
  }

  #keep({ scope, number, snapshot }: RestoredScope): void {
    const { floor, resourceVersion, isMixed = false } = snapshot;
    const mixed = new Set(isMixed ? ['of an earlier life'] : []);
    this.#kept.set(scope.id, { number, floor, resourceVersion, mixed, isBehind: false });
    for (const object of snapshot.objects.values()) this.#objects.hold(scope, number, object);
  }

  /** The disk lost something in the midst of these keyspaces: which records are old now cannot be told. */
  #doubt(): string | undefined {
    return this.#o.records.unsettled.find(({ space, key }) => key === '' && isOfScopes(space))?.reason;
  }

  async saveSync(scope: Scope, sync: FullSync): Promise<void> {
    const changes: RecordChange[] = [];
    const before = this.#kept.get(scope.id)?.number;
    // Of a scope that is behind, the disk may hold members that are not known here any more.
    const members = before === undefined ? [] : await this.#storedMembers(before);
    if (this.#kept.get(scope.id)?.number !== before) return; // removed meanwhile
    if (before !== undefined) changes.push(...this.#removal(before), ...members.map(deleteMember));
    const number = numberText(this.#nextNumber++);
    const { resourceVersion } = sync;
    const kept = { number, resourceVersion, floor: resourceVersion, mixed: new Set<string>(), isBehind: false };
    this.#kept.set(scope.id, kept);
    changes.push(putRecord(number, { scope: scopeText(scope), listType: sync.listType }));
    for (const object of sync.objects.values()) changes.push(...this.#objects.put(scope, number, object));
    changes.push(this.#progress(kept));
    await this.#write(kept, changes, { former: before });
  }

  async saveChanges(scope: Scope, { changes, resourceVersion, isRelist }: ScopeUpdate): Promise<void> {
    const kept = this.#kept.get(scope.id);
    if (kept === undefined) return;
    const records: RecordChange[] = [];
    for (const { type, object } of changes) {
      if (type === 'DELETED') records.push(...this.#objects.delete(scope, kept.number, object.key));
      else records.push(...this.#objects.put(scope, kept.number, object));
      kept.mixed.delete(object.key);
    }
    if (isRelist) kept.mixed.clear();
    if (isRelist) kept.floor = resourceVersion;
    else kept.floor = changes.at(-1)?.object.resourceVersion ?? kept.floor;
    kept.resourceVersion = resourceVersion;
    records.push(this.#progress(kept));
    // That nothing has happened is told for each scope once a minute: worth no sync of its own.
    await this.#write(kept, records, { isPatient: changes.length === 0 && !isRelist });
  }

  async saveWord(scope: Scope, key: string, object: KubernetesObject | undefined): Promise<void> {
    const kept = this.#kept.get(scope.id);
    if (kept === undefined) return;
    const records =
      object === undefined
        ? this.#objects.delete(scope, kept.number, key)
        : this.#objects.put(scope, kept.number, object);
    kept.mixed.add(key);
    await this.#write(kept, [...records, this.#progress(kept)]);
  }

  remove(scope: Scope): void {
    const kept = this.#kept.get(scope.id);
    if (kept === undefined) return;
    this.#kept.delete(scope.id);
    const { records, onBehind } = this.#o;
    const removing: Promise<void> = records
      .write(this.#removal(kept.number))
      // What is left of it must not come back as the truth.
      .catch(() => records.writeUrgent([deleteProgress(kept.number)]))
      .catch((error: unknown) => onBehind(scope.id, error))
      .finally(() => this.#removals.delete(removing));
    this.#removals.add(removing);
  }

  /** Resolves when no removal is on its way any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#removals);
  }

  /** Ids of the scopes whose records are out of date; `saveSync` brings them up to date once the disk takes writes again. */
  get behind(): readonly string[] {
    return [...this.#kept].filter(([, { isBehind }]) => isBehind).map(([id]) => id);
  }

  intern(scope: Scope, object: KubernetesObject): KubernetesObject {
    return this.#objects.intern(scope, object);
  }

  /** @param how `former`: number whose records these take the place of */
  async #write(
    kept: KeptScope,
    changes: readonly RecordChange[],
    { former, isPatient = false }: { readonly former?: string | undefined; readonly isPatient?: boolean } = {},
  ): Promise<void> {
    if (kept.isBehind) {
      this.#objects.noteUnwritten(changes);
      return;
    }
    try {
      await this.#o.records.write(changes, { isPatient });
    } catch (cause) {
      await this.#noteBehind(this.#objects.noteUnwritten(changes).add(kept.number), cause, former);
    }
  }

  /** From here on the records of these scopes are history: they must not come back as the truth after a restart. */
  async #noteBehind(numbers: ReadonlySet<string>, cause: unknown, former?: string): Promise<void> {
    const news = [...this.#kept].filter(([, { number, isBehind }]) => numbers.has(number) && !isBehind);
    for (const [id, kept] of news) {
      kept.isBehind = true;
      this.#o.onBehind(id, cause);
    }
    const old = news.map(([, { number }]) => number);
    if (former !== undefined) old.push(former);
    if (old.length === 0) return;
    const changes = old.map(deleteProgress);
    await this.#o.records
      .writeUrgent(changes)
      .catch((error: unknown) => this.#o.onBehind(news.map(([id]) => id).join(' '), error));
  }

  #progress({ number, resourceVersion, floor, mixed }: KeptScope): RecordChange {
    const members = this.#objects.count(number);
    return putProgress(number, {
      ...{ resourceVersion, floor, members, confirmedAt: this.#o.now() },
      ...(mixed.size > 0 && { isMixed: true }),
    });
  }

  #removal(number: string): readonly RecordChange[] {
    return [deleteRecord(number), deleteProgress(number), ...this.#objects.deleteAll(number)];
  }

  async #storedMembers(number: string): Promise<readonly string[]> {
    return [...(await this.#loadAll('member', memberKey(number, ''))).keys()];
  }

  async #loadAll(space: 'object' | 'member' | 'scope', prefix = ''): Promise<Map<string, Buffer>> {
    const all = new Map<string, Buffer>();
    for await (const page of this.#o.records.load(space, prefix))
      for (const { key, value } of page) all.set(key, value);
    return all;
  }

  /** What belongs to no scope that came back whole. */
  async #removeStrays(loaded: LoadedScopes): Promise<void> {
    const numbers = new Set([...this.#kept.values()].map(({ number }) => number));
    const changes = strayRecords(loaded, numbers, (key) => this.#objects.has(key));
    const settles = this.#o.records.unsettled.filter(({ space }) => isOfScopes(space));
    if (changes.length === 0 && settles.length === 0) return;
    await this.#o.records.write(changes, { settles }).catch(() => undefined); // strays only take room; the next start tries again
  }
}
