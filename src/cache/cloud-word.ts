// What the answer to a write says of its object: how the cloud has it now, or that it has it no more. Pure.
import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import { isJsonArray, isJsonObject, type JsonObject, parseJson } from '../apimachinery/json.ts';
import { type KubernetesObject, readObject } from '../apimachinery/object.ts';

/**
 * The uid of what is gone, '' when whatever had the name is; and a version from before it was deleted, or of that: whatever
 * else had the name by then is gone as well.
 */
export type CloudWord =
  | { readonly object: KubernetesObject }
  | { readonly goneUid: string; readonly lastVersion?: string };

/** Undefined for what says nothing of an object. */
export function wordOfAnswer(gvr: GroupVersionResource, verb: string, body: Buffer): CloudWord | undefined {
  const answer = parsed(body);
  if (answer === undefined) return undefined;
  if (answer.kind === 'Status') {
    const uid = isJsonObject(answer.details) ? answer.details.uid : undefined;
    return verb === 'delete' && typeof uid === 'string' ? { goneUid: uid } : undefined;
  }
  const { metadata, kind, apiVersion } = answer;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return undefined;
  if (!isJsonObject(metadata) || typeof metadata.uid !== 'string' || typeof metadata.resourceVersion !== 'string') {
    return undefined;
  }
  if (verb === 'delete' && !isHeld(answer)) return { goneUid: metadata.uid, lastVersion: metadata.resourceVersion };
  return { object: readObject(gvr, body) };
}

function parsed(body: Buffer): JsonObject | undefined {
  try {
    const answer = parseJson(body);
    return isJsonObject(answer) ? answer : undefined;
  } catch {
    return undefined; // it was passed on as it came; what it says is for its reader to find out
  }
}

/** A deletion is answered with the object as it was last, or as it is while finalizers or a grace period hold it. */
export function isHeld({ metadata }: JsonObject): boolean {
  if (!isJsonObject(metadata)) return false;
  const { finalizers, deletionGracePeriodSeconds } = metadata;
  return (isJsonArray(finalizers) && finalizers.length > 0) || Number(deletionGracePeriodSeconds ?? 0) > 0;
}
