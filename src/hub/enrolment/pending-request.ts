// A request for a certificate that waits to be approved, and its key: kept while it waits, so that another run goes on with
// it, and what somebody approved meanwhile is not in vain. Promise: it is gone on with only for the purpose it was made for and
// by whom it was made, for who approves at once what one asks may never see what another has asked.
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readWholeFile, writeWholeFile } from '../pki/whole-file.ts';
import { parseBootstrapToken } from './bootstrap-token.ts';
import { pemOf } from './enrol.ts';
import type { EnrolmentCredential } from './upstream-kubeconfig.ts';

/** A daemon renews beside a command that joins anew: each has a file of its own. */
type RequestPurpose = 'join' | 'renewal';

export interface RequestOwner {
  readonly purpose: RequestPurpose;
  readonly nodeName: string;
  readonly server: string;
  readonly credential: EnrolmentCredential;
}

interface PendingRequest {
  readonly nodeName: string;
  readonly server: string;
  readonly asker: string;
  /** PEM. */
  readonly key: string;
}

const names: Record<RequestPurpose, string> = { join: 'pending-request.json', renewal: 'pending-renewal.json' };
const pathIn = (dataDir: string, purpose: RequestPurpose): string => join(dataDir, names[purpose]);

/** The key of a run that was broken off for the same owner, else a new one (EC P-256). */
export async function keyForRequest(dataDir: string, owner: RequestOwner): Promise<KeyObject> {
  const { purpose, nodeName, server, credential } = owner;
  const bytes = await readWholeFile(pathIn(dataDir, purpose));
  const pending = bytes === undefined ? undefined : parsed(bytes);
  const isOurs = pending?.nodeName === nodeName && pending.server === server && pending.asker === askerOf(credential);
  return isOurs ? createPrivateKey(pending.key) : newKey();
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export async function keepPending(dataDir: string, owner: RequestOwner, key: KeyObject): Promise<void> {
  const { purpose, nodeName, server, credential } = owner;
  const pending: PendingRequest = { nodeName, server, asker: askerOf(credential), key: pemOf(key).toString() };
  await writeWholeFile(pathIn(dataDir, purpose), `${JSON.stringify(pending)}\n`, 0o600);
}

export async function forgetPending(dataDir: string, purpose: RequestPurpose): Promise<void> {
  await rm(pathIn(dataDir, purpose), { force: true });
}

/**
 * Whom the cluster takes the credential for, as far as that shows. Bootstrap tokens live a day: with the next one the same
 * machine asks. A certificate that was renewed is the same user.
 */
function askerOf({ clientCertificate, token }: EnrolmentCredential): string {
  if (clientCertificate !== undefined) return hash(`user ${new X509Certificate(clientCertificate.cert).subject}`);
  if (token === undefined) return 'nobody';
  return parseBootstrapToken(token) !== undefined ? 'bootstrap token' : hash(`token ${token}`);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parsed(bytes: Buffer): PendingRequest | undefined {
  try {
    const { nodeName, server, asker, key } = JSON.parse(bytes.toString('utf8')) as PendingRequest;
    createPrivateKey(key);
    return { nodeName, server, asker, key };
  } catch {
    return undefined; // of no use: a new request is made
  }
}
