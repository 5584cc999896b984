// A scope as its records on disk tell it, or why it cannot be told from them. Pure.
import { type KubernetesObject, readObject } from '../apimachinery/object.ts';
import { canDecide, type Scope, type ScopeText, scopeMatches, scopeOf } from './scope.ts';
import type { ListType } from './scope-feed.ts';
import type { RestoredSnapshot } from './snapshot.ts';
import { objectKey } from './stored-objects.ts';

/** What is written once per full sync. */
export interface ScopeRecord {
  readonly scope: ScopeText;
  readonly listType: ListType;
}

/** What is written with each change. */
export interface ProgressRecord {
  readonly resourceVersion: string;
  readonly floor: string;
  /** Milliseconds since the epoch. */
  readonly confirmedAt: number;
  /** How many objects the scope holds. */
  readonly members: number;
  /** Some objects are newer than that version, for they were written through here: only a full sync leads on from it. */
  readonly isMixed?: boolean;
}

export interface RestoredScope {
  readonly scope: Scope;
  readonly number: string;
  readonly snapshot: RestoredSnapshot;
  readonly confirmedAt: number;
}

export interface ScopeOnDisk {
  readonly number: string;
  readonly record: Buffer;
  readonly progress: Buffer | undefined;
  /** `namespace/name` of each object. */
  readonly members: readonly string[];
  readonly bodies: ReadonlyMap<string, Buffer>;
}

/** `parsed` is shared by all scopes, so that an object is read once. Answers a reason when anything is missing or damaged. */
export function restoreScope(stored: ScopeOnDisk, parsed: Map<string, KubernetesObject>): RestoredScope | string {
  try {
    return readScope(stored, parsed);
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function readScope(
  { number, record, progress, members, bodies }: ScopeOnDisk,
  parsed: Map<string, KubernetesObject>,
): RestoredScope | string {
  if (progress === undefined) return 'how far it had got is not known';
  const { scope: text, listType } = JSON.parse(record.toString()) as ScopeRecord;
  const { members: noted, confirmedAt, ...reached } = JSON.parse(progress.toString()) as ProgressRecord;
  if (noted !== members.length) return `${noted} objects were noted, ${members.length} are there`;
  const scope = scopeOf(text);
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
  return { scope, number, snapshot: { listType, objects, ...reached }, confirmedAt };
}
