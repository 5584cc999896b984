// Which objects are on disk, and for which scopes: an object is stored once, however many scopes hold it. Works out what
// has to be written; writes nothing itself.
import type { Change as RecordChange } from '../../storage/records.ts';
import { gvrKey } from '../apimachinery/group-version-resource.ts';
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { Scope } from './scope.ts';
import { deleteMember, memberKey } from './scope-layout.ts';

interface StoredObject {
  /** The newest that any scope has seen. */
  object: KubernetesObject;
  /** False when the disk may hold an older one. */
  isWritten: boolean;
  /** Numbers of the scopes that it is in. */
  readonly holders: Set<string>;
}

const empty = Buffer.alloc(0);

export class StoredObjects {
  readonly #byKey = new Map<string, StoredObject>();
  /** Scope number → keys of what it holds. */
  readonly #held = new Map<string, Set<string>>();

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** The same object in several scopes is one object in memory. */
  intern(scope: Scope, object: KubernetesObject): KubernetesObject {
    const known = this.#byKey.get(objectKey(scope, object.key))?.object;
    return known?.resourceVersion === object.resourceVersion && known.uid === object.uid ? known : object;
  }

  /** Takes note of what is on disk already. */
  hold(scope: Scope, number: string, object: KubernetesObject): void {
    const key = objectKey(scope, object.key);
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, { object, isWritten: true, holders: new Set([number]) });
    else known.holders.add(number);
    this.#holdingOf(number).add(key);
  }

  /** Of this scope. */
  count(number: string): number {
    return this.#held.get(number)?.size ?? 0;
  }

  put(scope: Scope, number: string, object: KubernetesObject): readonly RecordChange[] {
    const changes: RecordChange[] = [];
    const key = objectKey(scope, object.key);
    const stored = this.#byKey.get(key) ?? { object, isWritten: false, holders: new Set<string>() };
    const isNewer = compareResourceVersion(object.resourceVersion, stored.object.resourceVersion) > 0;
    if (isNewer) stored.object = object;
    if (isNewer || !stored.isWritten) {
      const secret = scope.gvr.resource === 'secrets' && scope.gvr.group === '';
      changes.push({ type: 'put', space: 'object', key, value: stored.object.body, secret });
    }
    if (!stored.holders.has(number)) {
      changes.push({ type: 'put', space: 'member', key: memberKey(number, object.key), value: empty });
    }
    stored.holders.add(number);
    this.#holdingOf(number).add(key);
    stored.isWritten = true;
    this.#byKey.set(key, stored);
    return changes;
  }

  delete(scope: Scope, number: string, key: string): readonly RecordChange[] {
    return this.#release(objectKey(scope, key), key, number);
  }

  /** Everything that a scope holds. */
  deleteAll(number: string): readonly RecordChange[] {
    const held = [...(this.#held.get(number) ?? [])];
    return held.flatMap((key) => this.#release(key, this.#byKey.get(key)!.object.key, number));
  }

  /** The disk did not take these changes. Answers which scopes rely on an object in them. */
  noteUnwritten(changes: readonly RecordChange[]): Set<string> {
    const holders = new Set<string>();
    for (const { type, space, key } of changes) {
      const stored = type === 'put' && space === 'object' ? this.#byKey.get(key) : undefined;
      if (stored === undefined) continue;
      stored.isWritten = false;
      for (const number of stored.holders) holders.add(number);
    }
    return holders;
  }

  #holdingOf(number: string): Set<string> {
    const held = this.#held.get(number) ?? new Set();
    this.#held.set(number, held);
    return held;
  }

  #release(recordKey: string, key: string, number: string): readonly RecordChange[] {
    const stored = this.#byKey.get(recordKey);
    if (!stored?.holders.delete(number)) return [];
    const held = this.#holdingOf(number);
    held.delete(recordKey);
    if (held.size === 0) this.#held.delete(number);
    const member = deleteMember(memberKey(number, key));
    if (stored.holders.size > 0) return [member];
    this.#byKey.delete(recordKey);
    return [member, { type: 'delete', space: 'object', key: recordKey }];
  }
}

/** `v1/pods|default/web-0` */
export function objectKey(scope: Scope, key: string): string {
  return `${gvrKey(scope.gvr)}|${key}`;
}
