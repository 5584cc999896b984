// The files of an open directory together: database, witness, reserve.
import { stat } from 'node:fs/promises';
import { BatchDraft } from './batch-draft.ts';
import { prepareDirectory, type StorageLayout, storageLayout } from './directory.ts';
import { errorCode, errorText, isNoSpace, StorageError, StorageUnavailableError } from './errors.ts';
import { decodeKey } from './keyspace.ts';
import type { StorageEngine } from './level-engine.ts';
import { type OpenStore, type OpenStoreOptions, openStore } from './open-store.ts';
import { Reserve } from './reserve.ts';
import { readWitness, SyncedWitness } from './synced-witness.ts';

export interface StoreFiles {
  readonly layout: StorageLayout;
  readonly witness: SyncedWitness;
  readonly reserve: Reserve;
  readonly store: OpenStore;
  /** Why the reserve could not be brought to its full size, if so. */
  readonly reserveFault: unknown;
  /** What was wrong with the FORMAT file before it was written anew, if so. */
  readonly markerFault: string | undefined;
}

export async function openStoreFiles(options: {
  readonly directory: string;
  readonly engine: StorageEngine;
  readonly nowMs: number;
}): Promise<StoreFiles> {
  const { directory, engine, nowMs } = options;
  const layout = storageLayout(directory);
  const markerFault = await prepareDirectory(layout);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const synced = await readWitness(layout.synced);
    const reserve = await Reserve.open(layout.reserve);
    opened.push(reserve);
    // A new directory gets its witness before its first batch, so that a missing one always means a lost one.
    if (synced === 'none' && !(await exists(layout.database))) await (await SyncedWitness.open(layout.synced)).close();
    const store = await openDespiteFullDisk({ layout, engine, synced, nowMs }, reserve);
    opened.push(store.database);
    reserve.begin(store.head.reserveSession);
    const current = await applyReserve(store, reserve);
    await store.database.sync();
    const witness = await SyncedWitness.open(layout.synced);
    opened.push(witness);
    await witness.write(current.head.batch);
    const reserveFault = await fillReserve(reserve);
    return { layout, witness, reserve, store: current, reserveFault, markerFault };
  } catch (error) {
    for (const file of opened) await file.close();
    if (error instanceof StorageError) throw error;
    throw new StorageUnavailableError(directory, errorText(error), { cause: error });
  }
}

/** Writes what waits in the reserve into the database, in one batch that also says so. */
export async function applyReserve(store: OpenStore, reserve: Reserve): Promise<OpenStore> {
  if (reserve.pending.length === 0) return store;
  const draft = new BatchDraft({ sequence: store.head.batch + 1, atRestKey: undefined });
  for (const operation of reserve.pending) {
    const name = decodeKey(operation.key);
    if (name === undefined) continue;
    if (operation.type === 'put') draft.putRecord(name.space, name.key, operation.key, operation.value);
    else draft.delete(name.space, name.key);
  }
  const batch = draft.finish(store.tally, reserve.session);
  await store.database.batch(batch.operations, { sync: true });
  store.tally.apply(batch.changes);
  reserve.applied();
  return { ...store, head: batch.head };
}

/** A node that starts with a full disk still gets its database: the reserve makes the room. */
async function openDespiteFullDisk(options: OpenStoreOptions, reserve: Reserve): Promise<OpenStore> {
  try {
    return await openStore(options);
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
  await reserve.shrink();
  return await openStore(options);
}

async function fillReserve(reserve: Reserve): Promise<unknown> {
  try {
    await reserve.fill();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
