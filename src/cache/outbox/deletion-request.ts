// A DELETE that does not end an object at once: finalizers keep it, or a pod has time to stop. Here that is a change of the
// object; the cloud has to be told with a DELETE, for it takes no deletionTimestamp from anybody. Pure.
import { equalJson, isJsonObject, type JsonObject, own } from '../../apimachinery/json.ts';
import type { OutboxEntry } from './entry.ts';

/** Set by the apiserver when it is asked for that propagation policy, and seen to by the garbage collector. */
const propagations: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({ orphan: 'Orphan', foregroundDeletion: 'Foreground' }),
);

/** DeleteOptions of the DELETE that this write stands for; undefined when it is an update like any other. */
export function deletionRequest({
  op,
  before,
  after,
}: Pick<OutboxEntry, 'op' | 'before' | 'after'>): JsonObject | undefined {
  if (op !== 'update' || !isDeleting(after)) return undefined;
  const grace = metadataOf(after).deletionGracePeriodSeconds;
  if (isDeleting(before) && equalJson(grace, metadataOf(before).deletionGracePeriodSeconds)) return undefined;
  const added = finalizersOf(after).find((one) => propagations.has(one) && !finalizersOf(before).includes(one));
  return {
    ...(typeof grace === 'number' && grace > 0 && { gracePeriodSeconds: grace }),
    ...(added !== undefined && { propagationPolicy: propagations.get(added)! }),
  };
}

/** The finalizers of a propagation policy are the apiserver's own to set. */
export function withoutPropagation(object: JsonObject, before: JsonObject | undefined): JsonObject {
  const finalizers = finalizersOf(object);
  const kept = finalizers.filter((one) => !propagations.has(one) || finalizersOf(before).includes(one));
  return kept.length === finalizers.length ? object : withFinalizers(object, kept);
}

/** The garbage collector is to see to it, or was. */
export function hasPropagation(object: JsonObject): boolean {
  return finalizersOf(object).some((one) => propagations.has(one));
}

/** Without the finalizers that were taken off before the object was gone here: only then does it go at once. */
export function withoutReleased(object: JsonObject, { op, before }: Pick<OutboxEntry, 'op' | 'before'>): JsonObject {
  if (op !== 'delete') return object;
  const released = new Set(finalizersOf(before).filter((one) => !propagations.has(one)));
  const finalizers = finalizersOf(object);
  const kept = finalizers.filter((one) => !released.has(one));
  return kept.length === finalizers.length ? object : withFinalizers(object, kept);
}

function withFinalizers(object: JsonObject, kept: readonly string[]): JsonObject {
  const { finalizers: _all, ...metadata } = metadataOf(object);
  return { ...object, metadata: kept.length === 0 ? metadata : { ...metadata, finalizers: kept } };
}

export function isDeleting(object: JsonObject | undefined): boolean {
  const time = metadataOf(object).deletionTimestamp;
  return typeof time === 'string' && time !== '';
}

function finalizersOf(object: JsonObject | undefined): readonly string[] {
  const finalizers = metadataOf(object).finalizers;
  return Array.isArray(finalizers) ? finalizers.filter((one): one is string => typeof one === 'string') : [];
}

function metadataOf(object: JsonObject | undefined): JsonObject {
  const metadata = object === undefined ? undefined : own(object, 'metadata');
  return isJsonObject(metadata) ? metadata : {};
}
