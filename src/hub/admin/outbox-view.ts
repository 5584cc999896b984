// What the admin port shows of writes that wait for the cloud, or are parked. Pure.
//
// Promise: no token is in it, no value of a Secret, and in the summary no content of any object.
import { equalJson, isJsonObject, type JsonObject, type JsonValue } from '../../apimachinery/json.ts';
import { type FieldDifference, fieldDifferences, type Sides } from '../../apimachinery/patch/field-differences.ts';
import { formatFieldPath } from '../../apimachinery/patch/field-path.ts';
import { schemaOf } from '../../apimachinery/schema/schema-of.ts';
import { type EntryState, type OutboxEntry, type Parked, targetPath } from '../../cache/outbox/entry.ts';
import { ownPart } from '../../cache/outbox/own-part.ts';
import { publicFailure, publicReason } from '../../cache/outbox/parked-event.ts';
import type { TriedSoFar } from '../../cache/outbox/replayer.ts';
import { writerName } from '../../cache/outbox/writer-name.ts';
import type { ConflictPolicy, WriteClass } from '../../cache/writes/policy.ts';
import { isSecret, redactField, redactSecret } from './redact.ts';

export interface EntrySummary {
  readonly sequence: number;
  readonly state: EntryState;
  readonly verb: 'create' | 'update' | 'delete';
  /** Of the object, as in a URL. */
  readonly path: string;
  /** `configmaps`, `deployments.apps`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly class: WriteClass;
  readonly conflict: ConflictPolicy;
  readonly writer: WriterSummary;
  /** Writes of the client that this one stands for. */
  readonly writes: number;
  /** RFC 3339. */
  readonly firstWrittenAt: string;
  readonly writtenAt: string;
  /** Since the first of them. */
  readonly ageSeconds: number;
  readonly parked?: ParkedSummary;
  /** Of one that waits, was tried in this life of the hub, and could not be brought there. */
  readonly tried?: TriedSummary;
}

export interface TriedSummary {
  /** What came of the last try. */
  readonly reason: string;
  /** HTTP status of the answer; 0 when none came. */
  readonly code: number;
  /** In a row. */
  readonly tries: number;
  /** RFC 3339. */
  readonly lastAt: string;
  /** Null while the link is down. */
  readonly nextInSeconds: number | null;
}

export interface WriterSummary {
  readonly identity: string;
  /** As people call them. */
  readonly name: string;
  readonly userAgent: string;
  readonly fieldManager: string;
}

export interface ParkedSummary {
  readonly at: string;
  readonly reason: string;
  /** HTTP status of the refusal; 0 when it was not the cloud that refused. */
  readonly code: number;
  readonly conflicts: readonly string[];
}

export interface EntryInFull extends EntrySummary {
  /** What the cloud had when it was parked: `unknown` when it refused without being looked at. */
  readonly cloud: 'present' | 'absent' | 'unknown';
  /** Before the write, after it, and as the cloud had it. Null where there is no such side. */
  readonly sides: { readonly [side in keyof Sides]: JsonObject | null };
  readonly differences: readonly ShownDifference[];
}

export interface ShownDifference {
  readonly field: string;
  /** Absent where the side has no such field. */
  readonly base?: JsonValue;
  readonly edge?: JsonValue;
  readonly cloud?: JsonValue;
  /** Told from the values themselves: those of Secrets are shown as their length. `alike`: both, to the same value. */
  readonly changedBy: 'edge' | 'cloud' | 'both' | 'alike';
  /** Both sides changed it, or what it is a part of. */
  readonly isConflict: boolean;
}

type Difference = Omit<FieldDifference, 'path'>;

/**
 * @param now milliseconds since the epoch
 * @param tried what came of the last try
 */
export function summarize(entry: OutboxEntry, now: number, tried?: TriedSoFar): EntrySummary {
  const { sequence, state, op, target, class: writeClass, conflict, writer, writes, parked } = entry;
  const { identity, userAgent, fieldManager } = writer;
  const { gvr, namespace, name, subresource } = target;
  return {
    sequence,
    state,
    verb: op,
    path: targetPath(target),
    resource: gvr.group === '' ? gvr.resource : `${gvr.resource}.${gvr.group}`,
    namespace,
    name,
    subresource,
    class: writeClass,
    conflict,
    writer: { identity, name: writerName(identity), userAgent, fieldManager },
    writes,
    firstWrittenAt: new Date(entry.firstWrittenAt).toISOString(),
    writtenAt: new Date(entry.writtenAt).toISOString(),
    ageSeconds: Math.max(0, Math.floor((now - entry.firstWrittenAt) / 1000)),
    ...(parked !== undefined && { parked: summarizeParked(parked, publicReason(entry)) }),
    ...(tried !== undefined && { tried: summarizeTried(tried, publicFailure(entry, tried)) }),
  };
}

export function showInFull(entry: OutboxEntry, now: number, tried?: TriedSoFar): EntryInFull {
  const { target, parked, before, after } = entry;
  const cloud = parked?.cloud;
  const isHidden = [before, after, cloud].some((side) => isSecret(target.gvr.resource, side));
  const shown = (side: JsonObject | undefined): JsonObject | null =>
    side === undefined ? null : isHidden ? redactSecret(side) : side;
  const summary = summarize(entry, now);
  return {
    ...summary,
    // Whoever sees this may see the object.
    ...(parked !== undefined && { parked: summarizeParked(parked, parked.reason) }),
    ...(tried !== undefined && { tried: summarizeTried(tried, tried.reason) }),
    cloud: cloud !== undefined ? 'present' : parked?.isAbsent === true ? 'absent' : 'unknown',
    sides: { base: shown(before), edge: shown(after), cloud: shown(cloud) },
    differences: differencesOf(entry, isHidden),
  };
}

function differencesOf(entry: OutboxEntry, isHidden: boolean): ShownDifference[] {
  const { target, parked } = entry;
  const conflicts = parked?.conflicts ?? [];
  return fieldDifferences(schemaOf(target.apiVersion, target.kind), comparedSides(entry)).map(({ path, ...sides }) => {
    const field = formatFieldPath(path);
    const values = Object.entries(sides).filter((pair): pair is [keyof Sides, JsonValue] => pair[1] !== undefined);
    const shown = values.map(([side, value]) => [side, isHidden ? redactField(value, path) : value]);
    const isConflict = conflicts.some((conflict) => isWithin(field, conflict) || isWithin(conflict, field));
    return { field, ...Object.fromEntries(shown), changedBy: whoChanged(entry, sides), isConflict };
  });
}

function whoChanged({ op, parked }: OutboxEntry, { base, edge, cloud }: Difference): ShownDifference['changedBy'] {
  const isThere = parked?.cloud !== undefined && !equalJson(cloud, base);
  if (op === 'delete') return isThere ? 'cloud' : 'edge';
  if (equalJson(edge, base)) return 'cloud';
  if (!isThere) return 'edge';
  return equalJson(edge, cloud) ? 'alike' : 'both';
}

/** A status is compared as a status: what the cloud did with the rest of the object is none of the write's business. */
function comparedSides(entry: OutboxEntry): Sides {
  const { op, before, after, parked } = entry;
  const cloud = parked?.cloud;
  if (op === 'delete') return { base: before, edge: undefined, cloud };
  if (op === 'create') return { base: {}, edge: withoutIdentity(after), cloud: withoutIdentity(cloud) };
  return cloud === undefined ? { base: before, edge: after, cloud } : { ...ownPart(entry, cloud), cloud };
}

/** Two that were made apart have no more in common than their name. */
function withoutIdentity(object: JsonObject | undefined): JsonObject | undefined {
  if (!isJsonObject(object?.metadata)) return object;
  const { uid: _uid, creationTimestamp: _created, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function summarizeParked({ at, code, conflicts }: Parked, reason: string): ParkedSummary {
  return { at: new Date(at).toISOString(), reason, code, conflicts: conflicts ?? [] };
}

function summarizeTried({ code, tries, at, nextInMs }: TriedSoFar, reason: string): TriedSummary {
  const nextInSeconds = nextInMs === undefined ? null : Math.ceil(nextInMs / 1000);
  return { reason, code, tries, lastAt: new Date(at).toISOString(), nextInSeconds };
}

function isWithin(field: string, whole: string): boolean {
  return field === whole || field.startsWith(`${whole}.`) || field.startsWith(`${whole}[`);
}
