// Who this machine is by its own files, once it has joined.
import { X509Certificate } from 'node:crypto';
import { nodeNameOf } from '../../apimachinery/node-user.ts';
import { readCertificateFacts } from '../pki/certificate-facts.ts';
import { loadUpstreamConfig } from '../upstream-config.ts';
import { cloudPlaces, findCloudDirectory } from './cloud-directory.ts';
import { JoinError } from './join-error.ts';

export interface JoinedNode {
  readonly nodeName: string;
  readonly groups: readonly string[];
  readonly notAfterMs: number;
}

/** @throws KubeconfigError, JoinError */
export async function joinedNode(dataDir: string): Promise<JoinedNode> {
  const { kubeconfig } = cloudPlaces(dataDir);
  const { clientCertificate, user } = await loadUpstreamConfig({ kubeconfig });
  const nodeName = nodeNameOf(user);
  if (clientCertificate === undefined || nodeName === undefined) {
    throw new JoinError(
      'HOLDFAST_JOIN_FILES',
      `${kubeconfig} names no certificate of a node: join anew with --replace-identity`,
    );
  }
  const { organizations, notAfterMs } = readCertificateFacts(new X509Certificate(clientCertificate.cert));
  return { nodeName, groups: organizations, notAfterMs };
}

/** The kubeconfig of a joined node, and its name; undefined on a machine that has not joined. */
export async function findJoinedNode(dataDir: string): Promise<{ kubeconfig: string; nodeName: string } | undefined> {
  if (!(await findCloudDirectory(dataDir))) return undefined;
  const { nodeName } = await joinedNode(dataDir);
  return { kubeconfig: cloudPlaces(dataDir).kubeconfig, nodeName };
}
