// One write that was acknowledged here and is owed to the cloud: what the object was before and after it, who wrote it
// and how. Consecutive writes of one writer to one object are one entry.
//
// Promise: what decodes is what was encoded, integers above 2^53 included.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import { isResourceVersion } from '../../apimachinery/resource-version.ts';
import type { ConflictPolicy, WriteClass } from '../writes/policy.ts';

export interface WriteTarget {
  readonly gvr: GroupVersionResource;
  readonly apiVersion: string;
  readonly kind: string;
  /** '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  /** '' or `status`. */
  readonly subresource: string;
}

export interface Writer {
  /** As rights are kept by: `node`, `sa:…`. */
  readonly identity: string;
  readonly userAgent: string;
  readonly fieldManager: string;
  /** What the write is sent with; undefined for the node's own credential. */
  readonly token?: string;
}

/** What was accepted from a client. */
export interface AcceptedWrite {
  readonly target: WriteTarget;
  readonly class: WriteClass;
  readonly conflict: ConflictPolicy;
  /** `status` is a member like any other: of a custom resource that has no such subresource. */
  readonly isStatusInside?: boolean;
  readonly op: 'create' | 'update' | 'delete';
  /** Some of it was patched: that the writer may do, which says nothing of an update. */
  readonly verb?: 'patch';
  readonly writer: Writer;
  /** The object as known before; undefined when it was created here. */
  readonly before: JsonObject | undefined;
  /** Version at which the cloud had `before`; '' when it never had it, because an own write was shown then. */
  readonly cloudVersion: string;
  /** Undefined when it is gone. */
  readonly after: JsonObject | undefined;
  /** Under which the result was shown. */
  readonly resourceVersion: string;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
  /** Name of the node that has taken it in. */
  readonly node?: string;
  /** Asked for with `fieldValidation=Strict`: what of it the cloud does not know is refused, and not left out unseen. */
  readonly isStrict?: true;
  /** It was sent before it was taken in, and no answer came: the cloud may have it. */
  readonly isUnknown?: true;
}

/** Why an entry is not sent any more until somebody decides. */
export interface Parked {
  readonly reason: string;
  /** HTTP status of the refusal; 0 when it was not the cloud that refused. */
  readonly code: number;
  readonly at: number;
  /** The cloud's object at that moment. */
  readonly cloud?: JsonObject;
  /** It was looked for, and the cloud had no such object. */
  readonly isAbsent?: true;
  /** Meant for a cluster that is not the one that answers now, or taken in by another node. */
  readonly isForeign?: true;
  /** Fields that both sides changed. */
  readonly conflicts?: readonly string[];
}

/** `sent`: a request may have reached the cloud; look before sending again. */
export type EntryState = 'queued' | 'sent' | 'parked';

export interface OutboxEntry extends AcceptedWrite {
  /** Order of acceptance, 1 and up. */
  readonly sequence: number;
  readonly state: EntryState;
  readonly firstWrittenAt: number;
  /** Client writes that this entry stands for. */
  readonly writes: number;
  /** The cloud's uid, once a creation has been replayed; writes that follow it were made against a provisional one. */
  readonly cloudUid?: string;
  /** It was parked, and is tried once more: readers have been shown the cloud's object since, and go on seeing it. */
  readonly isRetried?: true;
  /** An operator has decided that what was written here stands, whatever the policy says. Until it is parked again. */
  readonly isMine?: true;
  readonly parked?: Parked;
}

/** Writes to one object, oldest first. */
export type Chain = readonly OutboxEntry[];

/** `/api/v1/namespaces/default/configmaps/web`: names the object whatever the subresource. */
export function targetPath({ gvr, namespace, name }: Pick<WriteTarget, 'gvr' | 'namespace' | 'name'>): string {
  const root = gvr.group === '' ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  return `${root}${namespace === '' ? '' : `/namespaces/${namespace}`}/${gvr.resource}/${name}`;
}

export function isEvent({ class: writeClass }: Pick<AcceptedWrite, 'class'>): boolean {
  return writeClass === 'event';
}

/** Fixed width, so that the order of keys is that of sequences. */
export function entryKey(sequence: number): string {
  return String(sequence).padStart(16, '0');
}

export function encodeEntry(entry: OutboxEntry): Buffer {
  return Buffer.from(stringifyJson(withoutUndefined(entry)));
}

/** @throws SyntaxError or TypeError when these are not the bytes of an entry */
export function decodeEntry(bytes: Buffer): OutboxEntry {
  const value = parseJson(bytes);
  if (!isJsonObject(value) || !isEntry(value)) throw new TypeError('this is no entry of an outbox');
  const entry = value as unknown as OutboxEntry;
  return { ...entry, before: entry.before, after: entry.after };
}

/** What replaying and showing rely on; the objects themselves may be anything. */
function isEntry(value: JsonObject): boolean {
  const { sequence, state, op, target, writer, before, after, resourceVersion, cloudVersion, writtenAt } = value;

  return (
    Number.isSafeInteger(sequence) &&
    (sequence as number) > 0 &&
    (state === 'queued' || state === 'sent' || state === 'parked') &&
    (op === 'create' || op === 'update' || op === 'delete') &&
    isJsonObject(target) &&
    isJsonObject(target.gvr) &&
    areTexts([target.gvr.group, target.gvr.version, target.gvr.resource]) &&
    areTexts([target.apiVersion, target.kind, target.namespace, target.name, target.subresource]) &&
    isJsonObject(writer) &&
    areTexts([writer.identity, writer.userAgent, writer.fieldManager, writer.token ?? '']) &&
    areTexts([value.class, value.conflict, value.node ?? '']) &&
    (before === undefined ? op === 'create' : isJsonObject(before)) &&
    (after === undefined ? op === 'delete' : isJsonObject(after)) &&
    typeof resourceVersion === 'string' &&
    isResourceVersion(resourceVersion) &&
    typeof cloudVersion === 'string' &&
    typeof writtenAt === 'number'
  );
}

function areTexts(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

function withoutUndefined(entry: OutboxEntry): JsonValue {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as unknown as JsonValue;
}
