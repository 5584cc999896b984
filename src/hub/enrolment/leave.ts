// A node goes back to what it was before it joined. What Holdfast knows and still owes stays in the data directory.

import { X509Certificate } from 'node:crypto';
import { readCertificateFacts } from '../pki/certificate-facts.ts';
import { loadUpstreamConfig } from '../upstream-config.ts';
import { type Manifest, readManifest, restoreKept } from './before-join.ts';
import { findCloudDirectory, removeCloudDirectory } from './cloud-directory.ts';
import { JoinError } from './join-error.ts';

export interface Left {
  /** What was put back; undefined when the join had touched nothing. */
  readonly restored: Manifest | undefined;
  /** Of kubelet's certificate in the kubeconfig put back, when it has expired. */
  readonly expiredAtMs: number | undefined;
}

/** @throws JoinError, PkiError */
export async function leave(
  dataDir: string,
  { replacesChanges, nowMs }: { readonly replacesChanges: boolean; readonly nowMs: number },
): Promise<Left> {
  const manifest = await readManifest(dataDir);
  if (manifest === undefined && !(await findCloudDirectory(dataDir))) {
    throw new JoinError(
      'HOLDFAST_LEAVE_NOT_JOINED',
      `--data-dir ${dataDir} holds nothing that \`holdfast join\` wrote: give the directory that the node was joined with`,
    );
  }
  const restored = await restoreKept(dataDir, { replacesChanges });
  const expiredAtMs = restored?.was.kind === 'absent' ? undefined : await expiredAt(restored?.path, nowMs);
  // With an expired certificate of kubelet's own, the hub's is the only one that still works: it stays.
  if (expiredAtMs === undefined) await removeCloudDirectory(dataDir);
  return { restored, expiredAtMs };
}

async function expiredAt(kubeletConf: string | undefined, nowMs: number): Promise<number | undefined> {
  if (kubeletConf === undefined) return undefined;
  try {
    const { clientCertificate } = await loadUpstreamConfig({ kubeconfig: kubeletConf });
    if (clientCertificate === undefined) return undefined;
    const { notAfterMs } = readCertificateFacts(new X509Certificate(clientCertificate.cert));
    return notAfterMs < nowMs ? notAfterMs : undefined;
  } catch {
    return undefined; // put back as it was, whatever it was: kubelet will say what is wrong with it
  }
}
