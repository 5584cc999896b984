// What the cloud has answered of objects of a scope since its stream spoke of them, and whether another answer is news.
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { CloudWord } from './cloud-word.ts';
import { type Scope, scopeMatches } from './scope.ts';
import type { Snapshot } from './snapshot.ts';

export class HeardWords {
  /** Key → uid of what the cloud has answered; '' when it is gone. */
  readonly #uids = new Map<string, string>();

  note(key: string, word: CloudWord): void {
    this.#uids.set(key, 'object' in word ? word.object.uid : '');
  }

  /** The stream has spoken of it. */
  forget(key: string): void {
    this.#uids.delete(key);
  }

  clear(): void {
    this.#uids.clear();
  }

  isNews(scope: Scope, snapshot: Snapshot, key: string, word: CloudWord): boolean {
    if ('object' in word) {
      const isNew =
        snapshot.isOwn(key) || compareResourceVersion(word.object.resourceVersion, snapshot.cloudVersion) > 0;
      // What was never in it and is not now is none of its concern.
      return isNew && (scopeMatches(scope, word.object) || this.#holds(snapshot, key));
    }
    if (word.goneUid === '') return snapshot.isOwn(key);
    // One that was made meanwhile under the same name is not the one that is gone.
    const heard = this.#uids.get(key);
    if (heard !== undefined) return heard === word.goneUid;
    const known = snapshot.inCloud(key);
    if (known === undefined) return false;
    return known.uid === word.goneUid || compareResourceVersion(known.resourceVersion, word.lastVersion ?? '') <= 0;
  }

  #holds(snapshot: Snapshot, key: string): boolean {
    return this.#uids.has(key) || snapshot.isOwn(key) || snapshot.get(key) !== undefined;
  }
}
