// Copies of owed writes as files in the data directory, for operators: what is dropped, line by line in one file, and
// whole exports, each in a file of its own. Mode 0600, for Secrets are in them as they are; tokens never are.
//
// Promise: when a function here resolves, the copy survives power loss.
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type JsonValue, stringifyJson } from '../../apimachinery/json.ts';
import { type OutboxEntry, targetPath } from '../../cache/outbox/entry.ts';

export function droppedPath(dataDir: string): string {
  return join(dataDir, 'outbox-dropped.jsonl');
}

/** Puts one line behind those that are there: `{"droppedAt":…,"entry":…}`. */
export async function keepDropped(dataDir: string, entry: OutboxEntry, now: number): Promise<void> {
  const line = `${stringifyJson({ droppedAt: new Date(now).toISOString(), entry: copyOf(entry) })}\n`;
  {
    await using file = await open(droppedPath(dataDir), 'a+', 0o600);
    // A line that was cut off by a full disk or a crash stays by itself.
    await file.appendFile((await endsWithLine(file)) ? line : `\n${line}`);
    await file.sync();
  }
  await syncDirectory(dataDir);
}

/** @returns the path of the new file */
export async function exportEntries(dataDir: string, entries: readonly OutboxEntry[], now: number): Promise<string> {
  const time = new Date(now).toISOString();
  const path = join(dataDir, `outbox-export-${time.replace(/[-:.]/g, '')}.json`);
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.appendFile(`{"exportedAt":${stringifyJson(time)},"entries":[`);
    for (const [index, entry] of entries.entries()) {
      await file.appendFile(`${index === 0 ? '' : ','}\n${stringifyJson(copyOf(entry))}`);
    }
    await file.appendFile('\n]}\n');
    await file.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(path, { force: true });
    throw error;
  }
  await syncDirectory(dataDir);
  return path;
}

/** The whole entry, but for what its writer proved itself with. */
function copyOf(entry: OutboxEntry): JsonValue {
  const { token: _token, ...writer } = entry.writer;
  return { path: targetPath(entry.target), ...entry, writer } as unknown as JsonValue;
}

async function endsWithLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

async function syncDirectory(dataDir: string): Promise<void> {
  await using directory = await open(dataDir, 'r');
  await directory.sync();
}
