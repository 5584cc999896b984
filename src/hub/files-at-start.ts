// Small files that say where the daemon is and how to reach it. They are for others: a full disk keeps none of them from
// being tried again, and the daemon from nothing.
import { rm, writeFile } from 'node:fs/promises';

interface Unwritten {
  readonly path: string;
  readonly write: () => Promise<void>;
  readonly problem: string;
}

export class FilesAtStart {
  #unwritten: readonly Unwritten[] = [];

  /** Writes it now, or later if the disk is full. @throws what else `write` rejects with */
  async write(path: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      this.#unwritten = [...this.#unwritten, { path, write, problem: (error as Error).message }];
    }
  }

  /** Tries again what could not be written. @throws as `write` */
  async retry(): Promise<void> {
    const due = this.#unwritten;
    this.#unwritten = [];
    for (const { path, write } of due) await this.write(path, write);
  }

  /** For people; undefined when all are there. */
  get warning(): string | undefined {
    const [first] = this.#unwritten;
    if (first === undefined) return undefined;
    const paths = this.#unwritten.map(({ path }) => path).join(', ');
    return `The disk is full: ${paths} could not be written (${first.problem}). What is known is answered all the same; it is tried again every minute.`;
  }
}

/** Whole, or not there. */
export async function writeOrRemove(path: string, text: string, mode?: number): Promise<void> {
  await rm(path, { force: true });
  try {
    await writeFile(path, text, { flag: 'wx', ...(mode !== undefined && { mode }) });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Said by the system, or by whoever passes its word on. */
export function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || isNoSpace(cause);
}
