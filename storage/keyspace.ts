// Which records share a prefix byte, and how a key is written. A key on disk is the keyspace's number followed by UTF-8 text.
//
// Promise: a number, once released, always means the same keyspace.

/** Never reuse a number. A retired keyspace stays in this table, commented, with the format version that last wrote it. */
const numbers = {
  head: 1,
  meta: 2,
  object: 3,
  scope: 4,
  member: 5,
  right: 6,
  observed: 7,
  document: 8,
  quarantine: 9,
  mark: 10,
  outbox: 11,
  grant: 12,
  token: 13,
} as const;

/** Every keyspace on disk. `head`, `quarantine` and `mark` belong to storage itself. */
export type StoredKeyspace = keyof typeof numbers;
/** The keyspaces callers use. */
export type Keyspace = Exclude<StoredKeyspace, 'head' | 'quarantine' | 'mark'>;

const names: ReadonlyMap<number, StoredKeyspace> = new Map(
  Object.entries(numbers).map(([name, number]) => [number, name as StoredKeyspace]),
);

export const storedKeyspaces: readonly StoredKeyspace[] = [...names.values()];
export const keyspaces: readonly Keyspace[] = storedKeyspaces.filter((space) => isKeyspace(space));

export function isKeyspace(space: StoredKeyspace): space is Keyspace {
  return space !== 'head' && space !== 'quarantine' && space !== 'mark';
}

export function keyspaceNumber(space: StoredKeyspace): number {
  return numbers[space];
}

export function keyspaceOfNumber(number: number): StoredKeyspace | undefined {
  return names.get(number);
}

/** Far beyond any key made of Kubernetes names, and its length fits into two bytes. */
const longestKeyBytes = 32 * 1024;

/** The key as it stands on disk. Throws TypeError for an empty or overlong key, or text that UTF-8 cannot carry unchanged. */
export function encodeKey(space: StoredKeyspace, key: string): Buffer {
  if (key === '') throw new TypeError(`A key of keyspace ${space} must not be empty`);
  if (!key.isWellFormed()) throw new TypeError(`A key of keyspace ${space} is not well-formed text`);
  const stored = prefixed(space, key);
  if (stored.length > longestKeyBytes) throw new TypeError(`A key of keyspace ${space} has ${stored.length} bytes`);
  return stored;
}

/** undefined if no release wrote such a key: unknown number, no text, or bytes that are not UTF-8. */
export function decodeKey(stored: Buffer): { readonly space: StoredKeyspace; readonly key: string } | undefined {
  const space = keyspaceOfNumber(stored[0] ?? 0);
  if (space === undefined || stored.length < 2) return undefined;
  const key = stored.toString('utf8', 1);
  // Bytes that are not UTF-8 become U+FFFD, which does not encode back to them.
  if (key.includes('\ufffd') && !prefixed(space, key).equals(stored)) return undefined;
  return { space, key };
}

/** Half-open: every stored key k with gte <= k < lt. */
export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

/** The keys of a keyspace that begin with `prefix`. */
export function keyRange(space: StoredKeyspace, prefix = ''): KeyRange {
  const gte = prefixed(space, prefix);
  return { gte, lt: successor(gte) };
}

/** Everything except nothing: the range of a full scan. */
export const wholeRange: KeyRange = { gte: Buffer.from([0]), lt: Buffer.from([0xff]) };

function prefixed(space: StoredKeyspace, key: string): Buffer {
  const stored = Buffer.allocUnsafe(1 + Buffer.byteLength(key));
  stored[0] = numbers[space];
  stored.write(key, 1);
  return stored;
}

/** The smallest key above all keys with this prefix. UTF-8 never holds 0xff and no keyspace has number 255, so it exists. */
function successor(prefix: Buffer): Buffer {
  const next = Buffer.from(prefix);
  next[next.length - 1]! += 1;
  return next;
}
