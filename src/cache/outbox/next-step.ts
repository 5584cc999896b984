// What has to be done with an owed write, given what the cloud has now. Pure: the table of conflicts of the wire contract
// (§5.5) in code.
//
// Promise: what both sides changed is never decided silently; what cannot be applied is parked, not dropped.
import { equalJson, type JsonObject } from '../../apimachinery/json.ts';
import { formatFieldPath } from '../../apimachinery/patch/field-path.ts';
import { threeWayMerge } from '../../apimachinery/patch/three-way-merge.ts';
import { schemaOf } from '../../apimachinery/schema/schema-of.ts';
import { childOf, textOf, uidOf, versionOf, withMetadata } from '../writes/object-view.ts';
import {
  deletionRequest,
  hasPropagation,
  isDeleting,
  withoutPropagation,
  withoutReleased,
} from './deletion-request.ts';
import { isEvent, type OutboxEntry } from './entry.ts';
import { ownPart } from './own-part.ts';
import { withWholeConditions } from './whole-conditions.ts';

export type Step =
  /** The cloud has it, or what it was about is gone for good. */
  | { readonly kind: 'done'; readonly reason: 'applied' | 'superseded' }
  | { readonly kind: 'look' }
  | { readonly kind: 'create'; readonly body: JsonObject }
  /** `conflicts`: what has to be parked once this is through. `isFirstOfTwo`: look again then, more is to be done. */
  | {
      readonly kind: 'update';
      readonly body: JsonObject;
      readonly conflicts?: readonly string[];
      readonly isFirstOfTwo?: boolean;
    }
  /** `options`: of the DeleteOptions, besides the uid. `version`: the object may be deleted at that one only. */
  | { readonly kind: 'delete'; readonly uid: string; readonly version?: string; readonly options?: JsonObject }
  | { readonly kind: 'park'; readonly reason: string; readonly conflicts?: readonly string[] };

const applied: Step = { kind: 'done', reason: 'applied' };
const superseded: Step = { kind: 'done', reason: 'superseded' };

/** Without having looked: right in most cases, and refused by the cloud in the others. */
export function firstStep(entry: OutboxEntry): Step {
  if (isSentBlindly(entry)) return ofEvent(entry);
  if (entry.state === 'sent') return { kind: 'look' };
  if (entry.op === 'create') return { kind: 'create', body: creation(entry.after!) };
  const uid = entry.cloudUid ?? uidOf(entry.before);
  if (entry.op === 'delete') {
    // Somebody's edit in the cloud must not be deleted unseen.
    return entry.class === 'user' || uid === '' ? { kind: 'look' } : { kind: 'delete', uid };
  }
  if (entry.cloudVersion === '' || deletionRequest(entry) !== undefined) return { kind: 'look' };
  return { kind: 'update', body: withMetadata(entry.after!, { resourceVersion: entry.cloudVersion }) };
}

/**
 * Who writes Events may not read them: kubelet may create and patch them, and nothing else. To make one again does no harm,
 * for its name is its own. What was patched is looked at by a patch that changes nothing: how often it had happened, sent
 * without a precondition, could arrive late and come to stand over what was written since.
 */
function isSentBlindly(entry: OutboxEntry): boolean {
  return isEvent(entry) && (entry.op === 'create' || entry.verb !== 'patch');
}

function ofEvent({ op, after }: OutboxEntry): Step {
  if (op === 'create') return { kind: 'create', body: creation(after!) };
  return { kind: 'update', body: withMetadata(after!, { resourceVersion: undefined }) };
}

/** The cloud has answered 404 or 409: somebody was there before, or was quicker. */
export function stepAfterRefusal(entry: OutboxEntry, step: Step, statusCode: number): Step {
  if (isEvent(entry) && step.kind === 'create') return applied;
  if (isEvent(entry) && statusCode === 404) return { kind: 'create', body: creation(entry.after!) };
  return isSentBlindly(entry) ? step : { kind: 'look' };
}

/** @param cloud undefined: the cloud has no such object */
export function nextStep(owed: OutboxEntry, cloud: JsonObject | undefined): Step {
  const entry: OutboxEntry = owed.isMine === true ? { ...owed, conflict: 'edge-wins' } : owed;
  if (entry.op === 'create') return ofCreation(entry, cloud);
  if (entry.op === 'delete') return ofDeletion(entry, cloud);
  return ofUpdate(entry, cloud);
}

function ofCreation(entry: OutboxEntry, cloud: JsonObject | undefined): Step {
  const after = entry.after!;
  if (cloud === undefined) return { kind: 'create', body: creation(after) };
  // kubelet puts right what is not its static pod any more.
  if (entry.class === 'mirror-pod') return superseded;
  // What is put into an object that is going away goes with it.
  if (isDeleting(cloud)) return { kind: 'park', reason: 'an object of its name is still being deleted in the cloud' };
  return merged(entry, {}, creation(after), cloud);
}

function ofDeletion(entry: OutboxEntry, cloud: JsonObject | undefined): Step {
  if (cloud === undefined) return applied;
  const uid = entry.cloudUid ?? uidOf(entry.before);
  if (uidOf(cloud) !== uid) return superseded;
  if (!mayDelete(entry, cloud)) return changedThere(entry, cloud);
  // Gone here although finalizers held it: they were taken off first, and the cloud waits for that.
  const released = withoutReleased(cloud, entry);
  if (released !== cloud) return { kind: 'update', body: onto(released, cloud), isFirstOfTwo: true };
  return deletion(entry, cloud);
}

/** Nobody's edit in the cloud is deleted unseen. */
function mayDelete(entry: OutboxEntry, cloud: JsonObject): boolean {
  if (isDecided(entry)) return true;
  if (entry.cloudVersion !== '' && versionOf(cloud) === entry.cloudVersion) return true;
  const edited = bare(withoutReleased(cloud, entry));
  const asKnown = [entry.before, entry.after].filter((known) => known !== undefined);
  return asKnown.some((known) => equalJson(bare(withoutReleased(known, entry)), edited));
}

/** Whatever the cloud has made of it. */
function isDecided(entry: OutboxEntry): boolean {
  return entry.class !== 'user' || entry.conflict === 'edge-wins';
}

function deletion(entry: OutboxEntry, cloud: JsonObject, options?: JsonObject): Step {
  // An apiserver of 1.35 takes no version where it has such a finalizer to take off first.
  const isFree = isDecided(entry) || hasPropagation(cloud);
  return {
    kind: 'delete',
    uid: uidOf(cloud),
    ...(!isFree && { version: versionOf(cloud) }),
    ...(options !== undefined && { options }),
  };
}

/** What people write: no status, and nothing of the server's. */
function bare(object: JsonObject): JsonObject {
  const { status: _status, ...kept } = withoutServerFields(withoutPropagation(object, undefined));
  return kept;
}

function changedThere(entry: OutboxEntry, cloud: JsonObject): Step {
  const { conflicts } = threeWayMerge(schemaOfEntry(entry), entry.before ?? {}, {}, cloud);
  const reason = 'it was deleted here and changed in the cloud';
  return { kind: 'park', reason, conflicts: conflicts.map(formatFieldPath) };
}

function ofUpdate(entry: OutboxEntry, cloud: JsonObject | undefined): Step {
  const isStatus = entry.class === 'pod-status' || entry.class === 'pvc-status';
  if (cloud === undefined) return ofVanished(entry, isStatus);
  const uid = entry.cloudUid ?? uidOf(entry.before);
  if (uid !== '' && uidOf(cloud) !== uid) {
    // What was deleted here is gone there, too; nobody has asked for the end of what has its name now.
    if (entry.class === 'pod-delete' || isStatus || deletionRequest(entry) !== undefined) return superseded;
    if (entry.class !== 'csinode' && entry.conflict !== 'edge-wins') {
      return { kind: 'park', reason: 'another object has taken its name in the cloud' };
    }
  }
  if (entry.class === 'pod-status' && isTerminal(cloud) && !isTerminal(entry.after!)) return superseded;
  const { base, edge } = ownPart(entry, cloud);
  const options = deletionRequest(entry);
  if (options === undefined) return merged(entry, base, edge, cloud);
  // What else was changed before it was deleted goes first; then it is looked at again.
  const step = merged(entry, base, withoutPropagation(edge, entry.before), cloud);
  if (step.kind === 'update' && step.conflicts === undefined) return { ...step, isFirstOfTwo: true };
  if (step !== applied) return step;
  if (isDeleting(cloud) && options.gracePeriodSeconds === undefined) return applied;
  return mayDelete(entry, cloud) ? deletion(entry, cloud, options) : changedThere(entry, cloud);
}

function ofVanished(entry: OutboxEntry, isStatus: boolean): Step {
  if (deletionRequest(entry) !== undefined) return applied;
  if (isStatus) return superseded;
  // The cloud forgets Events by their age.
  if (entry.class === 'csinode' || isEvent(entry)) return { kind: 'create', body: creation(entry.after!) };
  if (entry.class === 'user' && entry.conflict === 'edge-wins') return { kind: 'create', body: creation(entry.after!) };
  return { kind: 'park', reason: 'it was changed here and deleted in the cloud' };
}

function merged(entry: OutboxEntry, base: JsonObject, edge: JsonObject, cloud: JsonObject): Step {
  const winner = entry.conflict === 'edge-wins' ? 'edge' : 'cloud';
  const merge = threeWayMerge(schemaOfEntry(entry), base, edge, cloud, winner);
  const isReport = winner === 'edge' && entry.target.subresource === 'status';
  const result = isReport ? withWholeConditions(merge.merged, base, edge) : merge.merged;
  const isThere = equalJson(withoutServerFields(result), withoutServerFields(cloud));
  const conflicts = merge.conflicts.map(formatFieldPath);
  if (conflicts.length === 0 || winner === 'edge') {
    return isThere ? applied : { kind: 'update', body: onto(result, cloud) };
  }
  const reason = `both sides changed ${conflicts.join(', ')}`;
  if (entry.conflict === 'park' || isThere) return { kind: 'park', reason, conflicts };
  return { kind: 'update', body: onto(result, cloud), conflicts };
}

function schemaOfEntry({ target }: OutboxEntry): ReturnType<typeof schemaOf> {
  return schemaOf(target.apiVersion, target.kind);
}

function onto(object: JsonObject, cloud: JsonObject): JsonObject {
  return withMetadata(object, { resourceVersion: versionOf(cloud), uid: uidOf(cloud) });
}

/** What the cloud gives to an object is not sent with a new one. A generated name is kept, for others know it by now. */
function creation(object: JsonObject): JsonObject {
  return withMetadata(object, {
    uid: undefined,
    resourceVersion: undefined,
    creationTimestamp: undefined,
    generation: undefined,
    managedFields: undefined,
    selfLink: undefined,
  });
}

const serverFields = [
  'resourceVersion',
  'generation',
  'managedFields',
  'selfLink',
  'creationTimestamp',
  'uid',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

function withoutServerFields(object: JsonObject): JsonObject {
  return withMetadata(object, Object.fromEntries(serverFields.map((field) => [field, undefined])));
}

function isTerminal(pod: JsonObject): boolean {
  const phase = textOf(childOf(pod, 'status'), 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}
