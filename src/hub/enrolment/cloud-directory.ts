// DIR/cloud: who this node is in the cloud. Promise: it is there as a whole or not at all; what replaces it is complete
// on disk before the old one goes, and a crash in between leaves the old one.
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, readWholeFile, syncDirectory, writeWholeFile } from '../pki/whole-file.ts';

export interface CloudPlaces {
  readonly directory: string;
  readonly kubeconfig: string;
  readonly authority: string;
  /** Certificate and key in one file, so that they change together. */
  readonly current: string;
  /** The credential that gets a new certificate when the present one has expired. */
  readonly enrolment: string;
  /** That this node has left, and why the certificate is still there. */
  readonly left: string;
}

export function cloudPlaces(dataDir: string): CloudPlaces {
  const directory = join(dataDir, 'cloud');
  return {
    directory,
    kubeconfig: join(directory, 'kubeconfig'),
    authority: join(directory, 'ca.crt'),
    current: join(directory, 'node-current.pem'),
    enrolment: join(directory, 'enrolment.kubeconfig'),
    left: join(directory, 'left.json'),
  };
}

export interface CloudContents {
  readonly kubeconfig: string;
  /** PEM. */
  readonly authority: string | undefined;
  /** PEM: certificate and key. */
  readonly current: string;
  readonly enrolment: string | undefined;
}

/** @throws PkiError when a file cannot be written */
export async function writeCloudDirectory(dataDir: string, contents: CloudContents): Promise<void> {
  const { directory } = cloudPlaces(dataDir);
  const [next, last] = [`${directory}.next`, `${directory}.last`];
  await rm(next, { recursive: true, force: true });
  try {
    await makePrivateDirectory(next);
    for (const [key, content] of Object.entries(contents) as [keyof CloudContents, string | undefined][]) {
      const name = cloudPlaces(dataDir)[key].slice(directory.length + 1);
      if (content !== undefined) await writeWholeFile(join(next, name), content, key === 'authority' ? 0o644 : 0o600);
    }
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    throw error;
  }
  await rm(last, { recursive: true, force: true });
  if (await exists(directory)) await rename(directory, last);
  await rename(next, directory);
  await syncDirectory(dataDir);
  await rm(last, { recursive: true, force: true });
}

/** After a crash between the two renames the old one is put back. True when the node is joined. */
export async function findCloudDirectory(dataDir: string): Promise<boolean> {
  const { directory, kubeconfig } = cloudPlaces(dataDir);
  if (!(await exists(directory)) && (await exists(`${directory}.last`))) {
    await rename(`${directory}.last`, directory);
    await syncDirectory(dataDir);
  }
  return (await readWholeFile(kubeconfig)) !== undefined;
}

interface CloudIdentity {
  /** Of its kubeconfig: where the cluster is, and the node's name in it. Undefined: there is none. */
  readonly content: string | undefined;
  /** Another one after each join, also into the same cluster under the same name. */
  readonly version: string | undefined;
}

/** Only a join writes the kubeconfig; the other files change by themselves. */
export async function cloudIdentity(dataDir: string): Promise<CloudIdentity> {
  const { kubeconfig } = cloudPlaces(dataDir);
  try {
    await using file = await open(kubeconfig, 'r');
    const { ino, mtimeNs } = await file.stat({ bigint: true });
    return { content: await file.readFile('utf8'), version: `${ino}:${mtimeNs}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { content: undefined, version: undefined };
    throw error;
  }
}

export async function removeCloudDirectory(dataDir: string): Promise<void> {
  const { directory } = cloudPlaces(dataDir);
  for (const one of [directory, `${directory}.next`, `${directory}.last`])
    await rm(one, { recursive: true, force: true });
}

async function exists(directory: string): Promise<boolean> {
  try {
    await readdir(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
