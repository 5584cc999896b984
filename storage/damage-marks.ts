// Damage that callers have not yet dealt with, remembered on disk: a crash between finding it and acting on it must not make
// it look healed. A mark goes when its record is written or deleted, or when the caller settles it.
import type { Keyspace } from './keyspace.ts';
import { isKeyspace, type StoredKeyspace, storedKeyspaces } from './keyspace.ts';
import type { Damage } from './verdict.ts';

/** Key of a mark: `<keyspace>/<key>`, the key empty for a whole keyspace. */
export function markKey({ space, key }: { readonly space: StoredKeyspace; readonly key: string }): string {
  return `${space}/${key}`;
}

export function encodeMark({ reason }: Damage): Buffer {
  return Buffer.from(JSON.stringify({ reason }));
}

/** undefined for a mark about a keyspace that is storage's own, or that no release knew. */
export function decodeMark(key: string, value: Buffer): Damage | undefined {
  const slash = key.indexOf('/');
  const space = storedKeyspaces.find((name) => name === key.slice(0, slash));
  if (space === undefined || !isKeyspace(space)) return undefined;
  return { space: space satisfies Keyspace, key: key.slice(slash + 1), reason: readReason(value) };
}

function readReason(value: Buffer): string {
  const content: unknown = JSON.parse(value.toString());
  if (typeof content !== 'object' || content === null || !('reason' in content)) return 'it was damaged before';
  return String(content.reason);
}

/** A damaged record as it is kept for inspection: one line of JSON, then the bytes as they were found. */
export function encodeQuarantined(options: {
  readonly storedKey: Buffer;
  readonly record: Buffer;
  readonly reason: string;
  readonly nowMs: number;
}): Buffer {
  const { storedKey, record, reason, nowMs } = options;
  const about = { reason, foundAt: new Date(nowMs).toISOString(), storedKey: storedKey.toString('hex') };
  return Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), record]);
}
