// The body of an answer that is one object, as it is remembered.

/** etcd takes no object that comes near it. */
export const objectLimitBytes = 3 * 1024 * 1024;

/** Without the newline at the end; a copy of its own. */
export function trimmed(body: Buffer): Buffer {
  return Buffer.from(body.at(-1) === 10 ? body.subarray(0, -1) : body);
}
