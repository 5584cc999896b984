// A witness beside the database of how far it is known to be on disk: one line, overwritten in place after every sync.
//
// A database whose newest batch is older than the witness says has lost what was promised to survive, and cannot know it by
// itself. The line is not synced: it may be behind the truth after a power cut, never ahead of it.
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncDirectory } from './directory.ts';
import { errorCode } from './errors.ts';
import { GroupCommit } from './group-commit.ts';

/** A batch number; 'none' when there is no witness, 'unreadable' when its line is not one we wrote. */
export type Witnessed = number | 'none' | 'unreadable';

export class SyncedWitness {
  readonly #file: FileHandle;
  readonly #writes = new GroupCommit<number>((batches) => this.#overwrite(Math.max(...batches)));
  #written = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens the file for writing. A new one says 0 and is on disk, name and all, before the first batch can be. */
  static async open(path: string): Promise<SyncedWitness> {
    try {
      return new SyncedWitness(await open(path, 'r+'));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    const witness = new SyncedWitness(await open(path, 'wx+', 0o600));
    await witness.#overwrite(0);
    await witness.#file.sync();
    await syncDirectory(dirname(path));
    return witness;
  }

  /** Every batch up to this one is on disk. A smaller number than before changes nothing. */
  write(batch: number): Promise<void> {
    return this.#writes.add(batch);
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#file.close();
  }

  async #overwrite(batch: number): Promise<void> {
    if (batch < this.#written) return;
    await this.#file.write(witnessLine(batch), 0, 'latin1');
    this.#written = batch;
  }
}

export async function readWitness(path: string): Promise<Witnessed> {
  try {
    const file = await open(path, 'r');
    try {
      return parseWitness(await file.readFile('latin1'));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'none';
    throw error;
  }
}

export function parseWitness(text: string): Witnessed {
  const batch = Number(/^batch (\d{16}) /.exec(text)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(batch) && text === witnessLine(batch) ? batch : 'unreadable';
}

/** Always the same length, so that overwriting it never needs space and never leaves a rest. */
export function witnessLine(batch: number): string {
  const text = `batch ${String(batch).padStart(16, '0')}`;
  return `${text} crc ${crc32(text).toString(16).padStart(8, '0')}\n`;
}
