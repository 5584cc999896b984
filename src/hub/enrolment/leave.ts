// A node goes back to what it was before it joined. What Holdfast knows and still owes stays in the data directory. Promise:
// a certificate that is the only one of this node that still works is never removed, and of one that does not it is not said.

import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { type CertificateFacts, readCertificateFacts } from '../pki/certificate-facts.ts';
import { readWholeFile, writeWholeFile } from '../pki/whole-file.ts';
import { loadUpstreamConfig } from '../upstream-config.ts';
import { type Manifest, readManifest, restoreKept } from './before-join.ts';
import { cloudPlaces, findCloudDirectory, removeCloudDirectory } from './cloud-directory.ts';
import { JoinError } from './join-error.ts';

export interface Left {
  /** What was put back; undefined when the join had touched nothing, or an earlier run has put it back. */
  readonly restored: Manifest | undefined;
  /** The kubeconfig of kubelet that an earlier run has put back. */
  readonly restoredEarlier: string | undefined;
  /** Of kubelet's certificate in the kubeconfig put back, when it has expired: then DIR/cloud was left. */
  readonly expiredAtMs: number | undefined;
  /** Of what was left there, whether kubelet can live by it. Undefined when nothing was left. */
  readonly kept: KeptCertificate | undefined;
}

/** `other-name`: it is the certificate of another node than the one kubelet was before. */
export type KeptCertificate =
  | { readonly state: 'usable' | 'unreadable' }
  | { readonly state: 'expired'; readonly atMs: number }
  | { readonly state: 'other-name'; readonly user: string; readonly kubeletUser: string };

interface LeftNote {
  /** kubelet's kubeconfig, as it was put back. */
  readonly path: string;
  readonly expiredAtMs: number;
}

/** @throws JoinError HOLDFAST_LEAVE_NOT_JOINED */
export async function mustHaveJoined(dataDir: string): Promise<void> {
  if ((await findCloudDirectory(dataDir)) || (await readManifest(dataDir)) !== undefined) return;
  throw new JoinError(
    'HOLDFAST_LEAVE_NOT_JOINED',
    `--data-dir ${dataDir} holds nothing that \`holdfast join\` wrote: give the directory that the node was joined with`,
  );
}

/** @throws JoinError, PkiError */
export async function leave(
  dataDir: string,
  { replacesChanges, nowMs }: { readonly replacesChanges: boolean; readonly nowMs: number },
): Promise<Left> {
  await mustHaveJoined(dataDir);
  const hasCloud = await findCloudDirectory(dataDir);
  let expiredAtMs: number | undefined;
  let kubeletConf: string | undefined;
  const restored = await restoreKept(dataDir, {
    replacesChanges,
    beforeForgetting: async ({ path, was }) => {
      const endMs = was.kind === 'absent' ? undefined : (await certificateOf(path))?.notAfterMs;
      kubeletConf = path;
      if (!hasCloud || endMs === undefined || endMs >= nowMs) return;
      expiredAtMs = endMs;
      await noteLeft(dataDir, { path, expiredAtMs });
    },
  });
  const earlier = restored === undefined ? await readLeft(dataDir) : undefined;
  if (earlier !== undefined) {
    const endMs = (await certificateOf(earlier.path))?.notAfterMs;
    kubeletConf = earlier.path;
    if (endMs === undefined || endMs < nowMs) expiredAtMs = endMs ?? earlier.expiredAtMs;
  }
  const left = { restored, restoredEarlier: earlier?.path, expiredAtMs };
  if (expiredAtMs !== undefined) return { ...left, kept: await keptCertificate(dataDir, kubeletConf, nowMs) };
  await removeCloudDirectory(dataDir);
  return { ...left, kept: undefined };
}

async function keptCertificate(
  dataDir: string,
  kubeletConf: string | undefined,
  nowMs: number,
): Promise<KeptCertificate> {
  const ours = await certificateOf(cloudPlaces(dataDir).kubeconfig);
  if (ours === undefined) return { state: 'unreadable' };
  if (ours.notAfterMs < nowMs) return { state: 'expired', atMs: ours.notAfterMs };
  const before = kubeletConf === undefined ? undefined : await certificateOf(kubeletConf);
  const [user, kubeletUser] = [ours.commonName, before?.commonName];
  const isOther = user !== undefined && kubeletUser !== undefined && user !== kubeletUser;
  return isOther ? { state: 'other-name', user, kubeletUser } : { state: 'usable' };
}

/** The node has joined again. */
export async function forgetLeft(dataDir: string): Promise<void> {
  await rm(cloudPlaces(dataDir).left, { force: true });
}

async function noteLeft(dataDir: string, note: LeftNote): Promise<void> {
  await writeWholeFile(cloudPlaces(dataDir).left, `${JSON.stringify(note)}\n`, 0o600);
}

async function readLeft(dataDir: string): Promise<LeftNote | undefined> {
  const { left, directory } = cloudPlaces(dataDir);
  const bytes = await readWholeFile(left);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as LeftNote;
  } catch (cause) {
    throw new JoinError(
      'HOLDFAST_JOIN_FILES',
      `${left} is damaged: this node has left, and ${directory} was kept because kubelet's own certificate had expired; remove ${directory} by hand when kubelet has one that works`,
      { cause },
    );
  }
}

/** Undefined when it names no certificate that can be read. */
async function certificateOf(kubeconfig: string): Promise<CertificateFacts | undefined> {
  try {
    const { clientCertificate } = await loadUpstreamConfig({ kubeconfig });
    return clientCertificate && readCertificateFacts(new X509Certificate(clientCertificate.cert));
  } catch {
    return undefined; // put back as it was, whatever it was: kubelet will say what is wrong with it
  }
}
