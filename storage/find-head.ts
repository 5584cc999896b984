// The format that a database itself says it has, read from its files without opening it.
import { formatOfHead, headKey } from './head.ts';
import { readNewest } from './level-salvage.ts';

/** Undefined when there is no database, or its head cannot be trusted. Reads everything: for when something is wrong. */
export async function formatOfDatabase(directory: string): Promise<number | undefined> {
  for (const { key, value } of await readNewest(directory)) {
    if (key.equals(headKey)) return value === undefined ? undefined : formatOfHead(value);
  }
  return undefined;
}
