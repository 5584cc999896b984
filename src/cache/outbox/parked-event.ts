// The Kubernetes Event on an object whose write was parked, so that whoever looks at the object in the cloud hears of it.
// Pure.
//
// Promise: no value of a Secret is in it, and a parked Event makes none: nothing tells of itself for ever.
import type { JsonObject } from '../../apimachinery/json.ts';
import { uidOf, versionOf } from '../writes/object-view.ts';
import type { WriteRequest } from '../writes/write-request.ts';
import { isEvent, type OutboxEntry } from './entry.ts';
import { ownEvent } from './own-event.ts';
import type { Failure } from './put-off.ts';
import { writerName } from './writer-name.ts';

/** The cloud's words can be many. */
const longestReason = 600;

export interface Occurrences {
  /** How many writes to the object the Event stands for. */
  readonly count: number;
  /** When the first of them was parked. Milliseconds since the epoch. */
  readonly firstAt: number;
}

/** Undefined for an entry of which nothing is to be told. Goes the way of every Event of this node. */
export function parkedEvent(
  entry: OutboxEntry,
  nodeName: string,
  { count, firstAt }: Occurrences = { count: 1, firstAt: entry.parked?.at ?? 0 },
): WriteRequest | undefined {
  if (entry.parked === undefined || isEvent(entry)) return undefined;
  const { target, sequence, writer, parked } = entry;
  const namespace = target.namespace === '' ? 'default' : target.namespace;
  const suffix = `.${parked.at.toString(16)}${sequence.toString(16)}`;
  const message = `A write of ${writerName(writer.identity)}, accepted by node ${nodeName} while the cloud was away, is parked: ${shortened(publicReason(entry))}. On that node, "holdfast outbox show ${sequence}" shows all sides.`;
  return ownEvent({
    about: involved(entry),
    name: target.name,
    namespace,
    suffix,
    reason: 'WriteParked',
    message,
    nodeName,
    count,
    firstAt,
    lastAt: parked.at,
  });
}

/** Why it is parked, for those who may not read the object: the cloud's refusal of a Secret might repeat a value of it. */
export function publicReason({ target, parked }: Pick<OutboxEntry, 'target' | 'parked'>): string {
  if (parked === undefined) return '';
  return isSecret(target) && parked.code > 0 ? `the cloud refused it (${parked.code})` : parked.reason;
}

/** Why it waits, for the same: a webhook's answer about a Secret might repeat a value of it. */
export function publicFailure(
  { target }: Pick<OutboxEntry, 'target'>,
  { code, reason }: Pick<Failure, 'code' | 'reason'>,
): string {
  return isSecret(target) && code > 0 ? `the cloud answered ${code}` : reason;
}

function isSecret({ gvr }: OutboxEntry['target']): boolean {
  return gvr.group === '' && gvr.resource === 'secrets';
}

function shortened(reason: string): string {
  return reason.length > longestReason ? `${reason.slice(0, longestReason - 1)}…` : reason;
}

function involved({ target, parked, op, cloudUid, before }: OutboxEntry): JsonObject {
  const { apiVersion, kind, namespace, name } = target;
  // What was made here has a uid that the cloud has never heard of.
  const known = uidOf(parked?.cloud) || (cloudUid ?? (op === 'create' ? '' : uidOf(before)));
  const resourceVersion = parked?.cloud === undefined ? '' : versionOf(parked.cloud);
  return {
    apiVersion,
    kind,
    name,
    ...(namespace !== '' && { namespace }),
    ...(known !== '' && { uid: known }),
    ...(resourceVersion !== '' && { resourceVersion }),
  };
}
