// The part of an object that a write was about, set into what the cloud has now: a status that is replayed must not carry
// back labels, taints or a spec that the cloud has changed meanwhile (NodeRestriction would refuse the whole of it).
import { isJsonObject, type JsonDraft, type JsonObject, type JsonValue, own } from '../../apimachinery/json.ts';
import type { OutboxEntry } from './entry.ts';

export interface OwnPart {
  readonly base: JsonObject;
  readonly edge: JsonObject;
}

export function ownPart(entry: OutboxEntry, cloud: JsonObject): OwnPart {
  const before = entry.before ?? {};
  const after = entry.after ?? {};
  if (entry.isStatusInside === true) return { base: before, edge: after };
  if (entry.target.subresource !== 'status') {
    const status = own(cloud, 'status');
    return { base: withPart(before, 'status', status), edge: withPart(after, 'status', status) };
  }
  return { base: statusOf(before, entry, cloud), edge: statusOf(after, entry, cloud) };
}

/** A node's status may bring labels and annotations along; kubelet and CNI daemons write them so. */
function statusOf(object: JsonObject, { class: writeClass }: OutboxEntry, cloud: JsonObject): JsonObject {
  const draft = withPart(cloud, 'status', own(object, 'status'));
  const metadata = own(object, 'metadata');
  const theirs = own(cloud, 'metadata');
  if (writeClass !== 'node-status' || !isJsonObject(metadata) || !isJsonObject(theirs)) return draft;
  const named = withPart(theirs, 'labels', own(metadata, 'labels'));
  return { ...draft, metadata: withPart(named, 'annotations', own(metadata, 'annotations')) };
}

function withPart(object: JsonObject, key: string, value: JsonValue | undefined): JsonObject {
  const draft: JsonDraft = { ...object };
  if (value === undefined) delete draft[key];
  else draft[key] = value;
  return draft;
}
