// What the cloud has answered to writes through this hub of late. The scopes' own streams bring it a moment later; where
// the cloud went away in between, it is shown from the answer until the stream or a full sync has come so far.
//
// Promise: who is answered from the store after a write through this hub was acknowledged is shown what the cloud made of
// it, or what became of it since.
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';
import { allEnded } from './all-ended.ts';
import {
  type Answered,
  isBehind,
  isDeletion,
  isGone,
  isOutdated,
  type Told,
  versionOf,
  wasThereBefore,
} from './answered-write.ts';
import { BoundedMap } from './bounded-map.ts';
import type { CloudWord } from './cloud-word.ts';
import type { FollowedScope } from './followed-scope.ts';
import { changesBy } from './plan-changes.ts';
import { scopeMatches } from './scope.ts';
import type { Snapshot } from './snapshot.ts';
import type { Versions } from './versions.ts';
import type { Change } from './watch/event-ring.ts';
import { withResourceVersion } from './with-resource-version.ts';

export interface AnsweredWritesOptions {
  readonly versions: Versions;
  /** Hears of each version that is given out here. */
  readonly gaveOut: (gvr: GroupVersionResource, version: string) => void;
  readonly scopesOf: (gvr: GroupVersionResource) => Iterable<FollowedScope>;
  /** A later write of this node is shown on top. */
  readonly isOwed: (path: string) => boolean;
}

interface OfResource {
  readonly gvr: GroupVersionResource;
  /** Paths of what was written. */
  readonly there: Set<string>;
  /** Paths of what was deleted. */
  readonly gone: Set<string>;
  /** Version of all that was ever written; '' for none. */
  newest: string;
}

const goneLimit = 16;
/** A stream is a moment behind; of more than that an outage shows what is newest. */
const limits = { bytes: 8 * 1024 * 1024, writes: 1000 };

export class AnsweredWrites {
  readonly #o: AnsweredWritesOptions;
  readonly #byPath = new BoundedMap<Answered>(limits.bytes, ({ word }) => bytesOf(word), {
    limitEntries: limits.writes,
  });
  /** By `gvrKey`. */
  readonly #byResource = new Map<string, OfResource>();

  constructor(options: AnsweredWritesOptions) {
    this.#o = options;
  }

  see(path: string, told: Told): void {
    const resource = gvrKey(told.gvr);
    const before = this.#byPath.peek(path);
    const deletion = isDeletion(told.word) ? told.word : undefined;
    const since = [before?.since, before && versionOf(before), deletion?.lastVersion]
      .filter((one) => one !== undefined)
      .reduce(maxResourceVersion, '');
    const gone = [...(before?.gone ?? []), ...(deletion ? [deletion.goneUid] : [])].slice(-goneLimit);
    this.#forget(path);
    if (deletion?.goneUid === '') return; // of what comes under that name later it could not be told
    for (const oldest of this.#byPath.set(path, { ...told, since, gone })) this.#forget(oldest);
    const known = this.#byResource.get(resource) ?? { gvr: told.gvr, there: new Set(), gone: new Set(), newest: '' };
    this.#byResource.set(resource, known);
    if (isDeletion(told.word)) known.gone.add(path);
    else {
      known.there.add(path);
      known.newest = maxResourceVersion(known.newest, told.word.object.resourceVersion);
    }
  }

  /** Of this object a later state was told: the answer was long on its way. */
  isOvertaken(path: string, { resourceVersion }: KubernetesObject): boolean {
    const known = this.#byPath.peek(path);
    const newest = known === undefined ? '' : maxResourceVersion(known.since, versionOf(known));
    return compareResourceVersion(resourceVersion, newest) < 0;
  }

  #forget(path: string): void {
    this.#byPath.delete(path);
    for (const { there, gone } of this.#byResource.values()) {
      there.delete(path);
      gone.delete(path);
    }
  }

  /** The object is gone, although a scope may still hold it. */
  isGone(path: string, object: KubernetesObject): boolean {
    const word = this.#byPath.peek(path)?.word;
    return word !== undefined && isDeletion(word) && (word.goneUid === object.uid || wasThereBefore(object, word));
  }

  clear(): void {
    this.#byPath.clear();
    this.#byResource.clear();
  }

  /** While the cloud cannot be heard: resolves when every scope of this resource, or of all, shows what it answered. */
  async show(gvr?: GroupVersionResource): Promise<void> {
    const known = gvr === undefined ? [...this.#byResource.values()] : [this.#byResource.get(gvrKey(gvr))];
    const late = known.flatMap((one) => (one === undefined ? [] : this.#lateOf(one)));
    // In the order of the cloud's versions, so that they need not be raised.
    for (const [path, one] of late.sort(([, a], [, b]) => compareResourceVersion(versionOf(a), versionOf(b)))) {
      await this.#show(path, one);
    }
  }

  /** As clients were shown the object that the cloud has at this version, where that was under a version given out here. */
  asShown(path: string, resourceVersion: string): Buffer | undefined {
    const answered = this.#byPath.peek(path);
    return answered !== undefined && versionOf(answered) === resourceVersion ? answered.raised?.body : undefined;
  }

  /** Of this resource a scope holds something that the cloud has deleted in answer to a client of this hub. */
  isBehindDeletion({ scope: { gvr }, snapshot }: FollowedScope): boolean {
    const gone = this.#byResource.get(gvrKey(gvr))?.gone;
    if (gone === undefined) return false;
    return this.#remembered(gone).some(([, answered]) => {
      const shown = snapshot.get(answered.key);
      return shown !== undefined && isDeletion(answered.word) && isGone(shown, snapshot, answered);
    });
  }

  /** What some scope does not show yet. Asked with every request of an outage, so streams that have come so far are not searched. */
  #lateOf({ gvr, there, gone, newest }: OfResource): [string, Answered][] {
    const scopes = [...this.#o.scopesOf(gvr)].filter(({ isComplete }) => isComplete);
    const isLate = ([, answered]: [string, Answered]): boolean => scopes.some((one) => isBehind(one, answered));
    const haveAllCome = scopes.every(({ cloudVersion }) => compareResourceVersion(cloudVersion, newest) >= 0);
    return [...(haveAllCome ? [] : this.#remembered(there)), ...this.#remembered(gone)].filter(isLate);
  }

  #remembered(paths: Set<string>): [string, Answered][] {
    return [...paths].map((path) => [path, this.#byPath.peek(path)!]);
  }

  async #show(path: string, answered: Answered): Promise<void> {
    const scopes = [...this.#o.scopesOf(answered.gvr)].filter(({ isComplete }) => isComplete);
    if (isOutdated(scopes, answered)) {
      this.#forget(path);
      return;
    }
    const behind = scopes.filter((followed) => isBehind(followed, answered));
    if (behind.length === 0 || this.#o.isOwed(path)) return;
    await this.#o.versions.reserve();
    const version = this.#versionAbove(behind, answered);
    await allEnded(behind.map((followed) => this.#showIn(followed, path, answered, version)));
  }

  /** One for all scopes: its own where nothing newer is shown. */
  #versionAbove(scopes: readonly FollowedScope[], { gvr, word }: Answered): string {
    const own = 'object' in word ? word.object.resourceVersion : '';
    const isAbove = scopes.every(({ resourceVersion }) => compareResourceVersion(own, resourceVersion) > 0);
    if (!isAbove) return this.#nextVersion(gvr);
    this.#o.gaveOut(gvr, own); // what else is shown at it is not what the cloud had then
    return own;
  }

  #nextVersion(gvr: GroupVersionResource): string {
    const version = this.#o.versions.next();
    this.#o.gaveOut(gvr, version);
    return version;
  }

  #showIn(followed: FollowedScope, path: string, answered: Answered, version: string): Promise<void> {
    const { key, word } = answered;
    const object = 'object' in word && scopeMatches(followed.scope, word.object) ? word.object : undefined;
    const changesOf = (snapshot: Snapshot): readonly Change[] => {
      if (!isBehind(followed, answered) || this.#o.isOwed(path)) return [];
      let changes = changesTo(object, snapshot.get(key), version);
      while (
        !changes.every((one) => compareResourceVersion(one.object.resourceVersion, snapshot.resourceVersion) > 0)
      ) {
        changes = changesTo(object, snapshot.get(key), this.#nextVersion(answered.gvr));
      }
      const shown = changes.at(-1);
      if (shown !== undefined && shown.type !== 'DELETED' && shown.object !== object) answered.raised = shown.object;
      return changes;
    };
    return followed.content.showAnswer(changesOf, key, object);
  }
}

function changesTo(
  object: KubernetesObject | undefined,
  known: KubernetesObject | undefined,
  version: string,
): readonly Change[] {
  if (object === undefined) return known ? changesBy(withResourceVersion(known, version), undefined, known, known) : [];
  const shown = object.resourceVersion === version ? object : withResourceVersion(object, version);
  return changesBy(shown, shown, known, known);
}

function bytesOf(word: CloudWord): number {
  return 'object' in word ? word.object.body.length : word.goneUid.length;
}
