// A request for a certificate that waits to be approved, and its key: kept while it waits, so that another run goes on with
// it, and what somebody approved meanwhile is not in vain.
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readWholeFile, writeWholeFile } from '../pki/whole-file.ts';
import { pemOf } from './enrol.ts';

interface PendingRequest {
  readonly nodeName: string;
  readonly server: string;
  /** PEM. */
  readonly key: string;
}

const pathIn = (dataDir: string): string => join(dataDir, 'pending-request.json');

/** The key of a run that was broken off for the same node and server, else a new one (EC P-256). */
export async function keyForRequest(dataDir: string, nodeName: string, server: string): Promise<KeyObject> {
  const bytes = await readWholeFile(pathIn(dataDir));
  const pending = bytes === undefined ? undefined : parsed(bytes);
  if (pending?.nodeName === nodeName && pending.server === server) return createPrivateKey(pending.key);
  return newKey();
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export async function keepPending(dataDir: string, nodeName: string, server: string, key: KeyObject): Promise<void> {
  const pending: PendingRequest = { nodeName, server, key: pemOf(key).toString() };
  await writeWholeFile(pathIn(dataDir), `${JSON.stringify(pending)}\n`, 0o600);
}

export async function forgetPending(dataDir: string): Promise<void> {
  await rm(pathIn(dataDir), { force: true });
}

function parsed(bytes: Buffer): PendingRequest | undefined {
  try {
    const { nodeName, server, key } = JSON.parse(bytes.toString('utf8')) as PendingRequest;
    createPrivateKey(key);
    return { nodeName, server, key };
  } catch {
    return undefined; // of no use: a new request is made
  }
}
