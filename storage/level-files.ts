// The files of a LevelDB directory: what they are called, which of them count, what is wrong with them. Reads only.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorText } from './errors.ts';
import { findLogDamage, type LogDamage } from './level-log.ts';
import { type LevelManifest, parseManifest } from './level-manifest.ts';
import { tableFault } from './level-table.ts';

export interface FileFault {
  readonly name: string;
  readonly reason: string;
}

export interface LevelExamination {
  /** Files that LevelDB refuses, or that could end the process if it read them. */
  readonly faults: readonly FileFault[];
  /** Where the write-ahead logs that are not in tables yet have a gap. */
  readonly logDamage: LogDamage | undefined;
}

/** A directory that holds no database has nothing wrong with it. */
export async function examineLevel(directory: string): Promise<LevelExamination> {
  const files = await listLevel(directory);
  if (files.tables.length + files.logs.length === 0 && files.manifest === undefined) {
    return { faults: [], logDamage: undefined };
  }
  const manifest = await readManifest(directory, files);
  if (manifest === undefined) {
    const name = files.manifest ?? 'CURRENT';
    return { faults: [{ name, reason: 'it does not tell which files count' }], logDamage: undefined };
  }
  const faults: FileFault[] = [];
  for (const number of manifest.tables) {
    const name = files.tables.find((table) => fileNumber(table) === number);
    const reason = name === undefined ? 'it is missing' : await faultOfTable(join(directory, name));
    if (reason !== undefined) faults.push({ name: name ?? `${number}.ldb`, reason });
  }
  const logs = [];
  for (const name of files.logs.filter((log) => fileNumber(log) >= manifest.logNumber)) {
    const bytes = await readIfPossible(join(directory, name));
    if (Buffer.isBuffer(bytes)) logs.push({ name, bytes });
    else faults.push({ name, reason: bytes });
  }
  return { faults, logDamage: findLogDamage(logs) };
}

export interface LevelFiles {
  readonly tables: readonly string[];
  /** In the order they were written. */
  readonly logs: readonly string[];
  /** The manifest CURRENT names, if it names one. */
  readonly manifest: string | undefined;
}

export async function listLevel(directory: string): Promise<LevelFiles> {
  const names = await namesIn(directory);
  const current = names.includes('CURRENT') ? await readIfPossible(join(directory, 'CURRENT')) : '';
  const ofKind = (kind: RegExp): string[] => {
    const chosen = names.filter((name) => kind.test(name));
    return chosen.sort((a, b) => fileNumber(a) - fileNumber(b));
  };
  return {
    tables: ofKind(/^\d+\.(ldb|sst)$/),
    logs: ofKind(/^\d+\.log$/),
    manifest: /^(MANIFEST-\d+)\n$/.exec(current.toString('latin1'))?.[1],
  };
}

export async function readManifest(directory: string, { manifest }: LevelFiles): Promise<LevelManifest | undefined> {
  if (manifest === undefined) return undefined;
  const bytes = await readIfPossible(join(directory, manifest));
  return Buffer.isBuffer(bytes) ? parseManifest(bytes) : undefined;
}

export function fileNumber(name: string): number {
  return Number.parseInt(name, 10);
}

/** The bytes, or why they cannot be had. */
export async function readIfPossible(path: string): Promise<Buffer | string> {
  try {
    return await readFile(path);
  } catch (error) {
    return `it cannot be read: ${errorText(error)}`;
  }
}

/** Empty when there is no such directory. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function faultOfTable(path: string): Promise<string | undefined> {
  const bytes = await readIfPossible(path);
  return Buffer.isBuffer(bytes) ? tableFault(bytes) : bytes;
}
