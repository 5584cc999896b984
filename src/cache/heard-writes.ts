// What the cloud has said of an object in answer to a write: taken to all that keep something of that object, ahead of the
// streams that bring it a moment later.
//
// Promise: who reads here after a write through this hub was answered is not told less, also in another life; and what was
// answered as deleted is not found again after a power cut either.
import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import type { KubernetesObject } from '../apimachinery/object.ts';
import { maxResourceVersion } from '../apimachinery/resource-version.ts';
import { allEnded } from './all-ended.ts';
import type { AnsweredWrites } from './answered-writes.ts';
import { type CloudWord, wordOfAnswer } from './cloud-word.ts';
import type { FollowedScope } from './followed-scope.ts';
import type { NotedObjects } from './noted-objects.ts';
import type { NamedObject } from './outbox/owed-writes-dependencies.ts';
import { isPassing, type RecentEvents } from './recent-events.ts';
import { collectionPath } from './scope.ts';
import type { Versions } from './versions.ts';
import { type WrittenInfo, WrittenVersions } from './written-versions.ts';

export interface HeardWritesParts {
  readonly versions: Versions;
  readonly objects: NotedObjects;
  readonly recentEvents: RecentEvents;
  readonly answered: AnsweredWrites;
  readonly scopesOf: (gvr: GroupVersionResource) => Iterable<FollowedScope>;
  /** A client has written the object itself, and the cloud has it so. */
  readonly onWritten: (path: string, object: KubernetesObject) => Promise<void>;
  /** Resolves, never rejects, when what was noted so far survives a power cut, or its loss was told. */
  readonly makeDurable: () => Promise<void>;
}

export class HeardWrites {
  readonly #parts: HeardWritesParts;
  /** The newest version of each resource that a write through this hub was answered with. */
  readonly #written = new WrittenVersions();

  constructor(parts: HeardWritesParts) {
    this.#parts = parts;
  }

  /**
   * The cloud has just answered a client's write: who reads after it must not be told less. Resolves when that holds for
   * another life, too.
   * @param versionBefore of a deletion: see there
   */
  async see(
    { gvr, namespace, name, verb, search }: WrittenInfo,
    identity: string,
    body: Buffer,
    versionBefore = '',
  ): Promise<void> {
    if (search.includes('dryRun=') || gvr === undefined) return;
    const word = withVersion(wordOfAnswer(gvr, verb, body), versionBefore);
    if (name !== '' && (word === undefined || !('object' in word)))
      this.forget(`${collectionPath(gvr, namespace)}/${name}`);
    if (word === undefined) return verb === 'delete' ? this.#parts.makeDurable() : undefined;
    if ('object' in word) {
      this.#written.see(gvr, namespace, word.object.resourceVersion);
      this.#parts.versions.see(word.object.resourceVersion);
    }
    const known = name === '' && 'object' in word ? word.object.name : name;
    const path = `${collectionPath(gvr, namespace)}/${known}`;
    await this.hear({ gvr, namespace, name: known, path }, identity, word);
    if ('object' in word) await this.#parts.onWritten(path, word.object);
    else await this.#parts.makeDurable(); // deletions are few: a pod must not be started again from before its own
  }

  /**
   * Before a deletion is sent: the newest version of the cloud's that is known here of its resource, '' for none. Most answers
   * name none, and what a scope that is behind has under that name may be another object, which is gone for longer.
   */
  versionBefore({ gvr, namespace, name }: Pick<WrittenInfo, 'gvr' | 'namespace' | 'name'>): string {
    if (gvr === undefined) return '';
    const noted = this.#parts.objects.newest(`${collectionPath(gvr, namespace)}/${name}`)?.resourceVersion ?? '';
    const scopes = [...this.#parts.scopesOf(gvr)].filter(({ isComplete }) => isComplete);
    return scopes.map(({ cloudVersion }) => cloudVersion).reduce(maxResourceVersion, noted);
  }

  /** The cloud's own word on an object. Resolves when the next life would know it. */
  async hear({ gvr, namespace, name, path }: NamedObject, identity: string, word: CloudWord): Promise<void> {
    const { answered, scopesOf } = this.#parts;
    const key = `${namespace}/${name}`;
    const noted = 'object' in word ? this.#remember(gvr, path, identity, word.object) : undefined;
    // Two answers may come in another order than they were given.
    if ('object' in word && answered.isOvertaken(path, word.object)) return noted;
    answered.see(path, { gvr, key, word });
    const scopes = [...scopesOf(gvr)];
    await allEnded([noted, ...scopes.map((followed) => followed.content.hear(key, word))]);
  }

  #remember(
    gvr: GroupVersionResource,
    path: string,
    identity: string,
    object: KubernetesObject,
  ): Promise<void> | undefined {
    const { objects, recentEvents } = this.#parts;
    if (!isPassing(gvr)) return objects.keep(path, identity, object.body);
    recentEvents.see(path, object);
    return undefined;
  }

  /** What was known of it one by one is not so any more. */
  forget(path: string): void {
    this.#parts.objects.forget(path);
    this.#parts.recentEvents.forget(path);
  }

  /** True when this scope has come to what was written through this hub: who has written may be answered from it. */
  isReachedBy(followed: FollowedScope, namespace: string): boolean {
    const { scope, snapshot, cloudVersion } = followed;
    const isReached = this.#written.isReached(scope.gvr, namespace, cloudVersion) && !snapshot.isToBeReread;
    return isReached && !this.#parts.answered.isBehindDeletion(followed);
  }

  /** Another cluster answers, which counts from somewhere else. */
  clear(): void {
    this.#written.clear();
  }
}

function withVersion(word: CloudWord | undefined, lastVersion: string): CloudWord | undefined {
  if (word === undefined || 'object' in word || word.lastVersion !== undefined || lastVersion === '') return word;
  return { ...word, lastVersion };
}
