// A directory with a history: every state it was in, so that a test can tell an older state from a wrong one.
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Change, Damage, Keyspace, Records } from '../../storage/records.ts';
import { openTestRecords } from './open-test-records.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type State = ReadonlyMap<string, string>;

export interface History {
  readonly directory: string;
  /** After each write, the first being empty. */
  readonly states: readonly State[];
  /** The last value written under each name. */
  readonly values: ReadonlyMap<string, Buffer>;
  /** Index into `states` of what is known to be on disk. */
  readonly synced: number;
}

const spaces = ['object', 'scope', 'member'] as const;

/** What a state says of a value. */
function digest(value: Buffer): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 12);
}

/** Incompressible and different for every seed, so that a few writes fill a log. */
function noise(seed: string, bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update(seed).digest();
}

export interface HistoryOptions {
  readonly writes: number;
  /** The write after which everything is synced. */
  readonly syncedAfter: number;
  readonly valueBytes: number;
  /** Opened anew after this write, which turns the log into a table. */
  readonly reopenAfter?: number;
}

export async function makeHistory(t: ExecutionContext, options: HistoryOptions): Promise<History> {
  const directory = temporaryDirectory(t);
  let { records } = await openTestRecords(t, { directory });
  const states: State[] = [new Map()];
  const values = new Map<string, Buffer>();
  for (let write = 1; write <= options.writes; write++) {
    const state = new Map(states.at(-1));
    const changes: Change[] = [];
    for (const space of spaces) {
      const key = `k${(write * 7) % 53}`;
      // Deletes what is there: written 53 writes before, or in one of the last few.
      if (write % 11 === 0 && space !== 'scope') {
        const key = `k${((write - 4) * 7) % 53}`;
        changes.push({ type: 'delete', space, key });
        state.delete(`${space}/${key}`);
      } else {
        const value = noise(`${space} ${write}`, options.valueBytes);
        changes.push({ type: 'put', space, key, value });
        state.set(`${space}/${key}`, digest(value));
        values.set(`${space}/${key}`, value);
      }
    }
    await records.write(changes);
    states.push(state);
    if (write === options.syncedAfter) await records.sync();
    if (write === options.reopenAfter) {
      await records.close();
      ({ records } = await openTestRecords(t, { directory }));
    }
  }
  // Killed, not closed: closing would sync. The copy is what a power cut leaves if the kernel had written everything.
  const frozen = temporaryDirectory(t);
  cpSync(directory, frozen, { recursive: true });
  await records.close();
  return { directory: frozen, states, values, synced: options.syncedAfter };
}

/** A copy to be damaged. */
export function copyHistory(t: ExecutionContext, history: History): string {
  const directory = temporaryDirectory(t);
  cpSync(history.directory, directory, { recursive: true });
  return directory;
}

export function levelFiles(directory: string, ending: string): string[] {
  const level = join(directory, 'level');
  return readdirSync(level)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(level, name));
}

export function damageFile(path: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, change(readFileSync(path)));
}

export interface Found {
  readonly state: State;
  readonly damages: readonly Damage[];
  readonly hasOverall: ReadonlySet<Keyspace>;
}

export async function openDamaged(t: ExecutionContext, directory: string): Promise<Found> {
  const { records, damages } = await openTestRecords(t, { directory });
  const state = await readState(records);
  await records.close();
  return { state, damages, hasOverall: new Set(damages.filter(({ key }) => key === '').map(({ space }) => space)) };
}

async function readState(records: Records): Promise<State> {
  const state = new Map<string, string>();
  for (const space of spaces) {
    for await (const page of records.load(space)) {
      for (const { key, value } of page) state.set(`${space}/${key}`, digest(value));
    }
  }
  return state;
}

/**
 * The promise: what is found is a state that once was, no older than what was synced; or everything in which it differs from
 * the last one is reported. Returns what is wrong, or undefined.
 */
export function brokenPromise(history: History, { state, damages, hasOverall }: Found): string | undefined {
  if (damages.length === 0) {
    const possible = history.states.slice(history.synced);
    return possible.some((candidate) => isSame(candidate, state))
      ? undefined
      : 'a state that never was, and nothing reported';
  }
  const last = history.states.at(-1)!;
  const reported = new Set(damages.map(({ space, key }) => `${space}/${key}`));
  for (const name of new Set([...last.keys(), ...state.keys()])) {
    if (last.get(name) === state.get(name) || reported.has(name)) continue;
    if (!hasOverall.has(name.slice(0, name.indexOf('/')) as Keyspace)) return `${name} differs and is not reported`;
  }
  return undefined;
}

export function isSame(one: State, other: State): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
