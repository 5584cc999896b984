// What the cloud has answered to a write, and how far a scope has come that holds the same object. Pure.
import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { CloudWord } from './cloud-word.ts';
import type { FollowedScope } from './followed-scope.ts';
import { scopeMatches } from './scope.ts';
import type { Snapshot } from './snapshot.ts';

export interface Told {
  readonly gvr: GroupVersionResource;
  /** `${namespace}/${name}` */
  readonly key: string;
  readonly word: CloudWord;
}

export interface Answered extends Told {
  /** The newest version that was answered before, or with a deletion: what a scope knows from before is older. '' for none. */
  readonly since: string;
  /** Uids of what had the name and was deleted, the last ones. */
  readonly gone: readonly string[];
  /** The object under a version that was given out here. */
  raised?: KubernetesObject;
}

type Deletion = Extract<CloudWord, { goneUid: string }>;

/** '' for one that is gone. */
export function versionOf({ word }: Answered): string {
  return 'object' in word ? word.object.resourceVersion : '';
}

export function isDeletion(word: CloudWord): word is Deletion {
  return 'goneUid' in word;
}

/** Its stream has not come so far, and nothing else has shown it. */
export function isBehind({ scope, snapshot, cloudVersion }: FollowedScope, answered: Answered): boolean {
  const { key, word } = answered;
  const shown = snapshot.get(key);
  if (isDeletion(word)) return shown !== undefined && isGone(shown, snapshot, answered);
  const { object } = word;
  if (compareResourceVersion(cloudVersion, object.resourceVersion) >= 0) return false;
  if (shown === undefined && !snapshot.isOwn(key)) return scopeMatches(scope, object);
  return compareResourceVersion(snapshot.cloudVersionOf(key), object.resourceVersion) < 0;
}

/**
 * What was made here is shown under a uid of its own until the scope is read anew; and what the stream has brought last may
 * have been gone already when the one that was deleted was made.
 */
export function isGone(shown: KubernetesObject, snapshot: Snapshot, { gone, since, word }: Answered): boolean {
  const isEarlier = compareResourceVersion(snapshot.cloudVersion, since) < 0;
  const beneath = snapshot.inCloud(shown.key);
  const isOlder = beneath !== undefined && wasThereBefore(beneath, word);
  const isMadeHere = snapshot.isOwn(shown.key) && (beneath === undefined || gone.includes(beneath.uid));
  return gone.includes(shown.uid) || isMadeHere || isEarlier || isOlder;
}

/** Before the deletion was sent. Answers overlap: what was answered as made before the deletion was may be younger. */
export function wasThereBefore({ resourceVersion }: KubernetesObject, word: CloudWord): boolean {
  return isDeletion(word) && compareResourceVersion(resourceVersion, word.lastVersion ?? '') <= 0;
}

/** Another scope has heard of what became of it since. */
export function isOutdated(scopes: readonly FollowedScope[], { key, word }: Answered): boolean {
  if ('goneUid' in word) return false;
  const { object } = word;
  return scopes.some(({ scope, snapshot, cloudVersion }) => {
    const hasReached = compareResourceVersion(cloudVersion, object.resourceVersion) >= 0;
    return (
      hasReached && scopeMatches(scope, object) && snapshot.inCloud(key)?.resourceVersion !== object.resourceVersion
    );
  });
}
