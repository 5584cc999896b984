// A machine becomes a node: a certificate from the cluster, DIR/cloud, the hub's own CA, and kubelet's kubeconfig. Promise:
// until the cluster has issued the certificate nothing is written but a request that waits; a run that was broken off is
// gone on with; on a machine that has joined nothing changes unless asked.
import { X509Certificate } from 'node:crypto';
import { nodeUser } from '../../apimachinery/node-user.ts';
import { claimDataDirectory, refuseStrangers } from '../data-directory.ts';
import type { HostPort } from '../option-types.ts';
import { readCertificateFacts } from '../pki/certificate-facts.ts';
import { readManifest, refuseOtherPath, replaceKept, stateOf } from './before-join.ts';
import { findCloudDirectory, writeCloudDirectory } from './cloud-directory.ts';
import { type EnrolDependencies, enrol, pemOf } from './enrol.ts';
import type { FirstContact } from './first-contact.ts';
import { JoinError } from './join-error.ts';
import { prepareKubeletLeg } from './kubelet-leg.ts';
import { forgetLeft } from './leave.ts';
import { forgetPending, keepPending, keyForRequest } from './pending-request.ts';
import { enrolmentKubeconfig, nodeKubeconfig } from './upstream-kubeconfig.ts';

export interface JoinOrder {
  readonly dataDir: string;
  readonly nodeName: string;
  readonly contact: FirstContact;
  /** Text of the kubeconfig that is kept for later enrolments; undefined: the credential of the first contact, if it is a token. */
  readonly enrolment: string | undefined;
  /** kubelet's kubeconfig; undefined: it is left as it is. */
  readonly kubeletConf: string | undefined;
  readonly listen: readonly HostPort[];
  readonly machineId: string | undefined;
}

export interface Joined {
  readonly nodeName: string;
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
  readonly hasEnrolment: boolean;
}

/** Whether there is anything to do. `unfinished`: all but kubelet's kubeconfig is in place. */
export type JoinState =
  | { readonly kind: 'not-joined' }
  | { readonly kind: 'unfinished' }
  | {
      readonly kind: 'joined';
      /** The file that leads to the hub, when it is another than the one asked about. */
      readonly elsewhere: string | undefined;
    };

export async function joinState(dataDir: string, kubeletConf: string | undefined): Promise<JoinState> {
  await refuseStrangers(dataDir);
  if (!(await findCloudDirectory(dataDir))) return { kind: 'not-joined' };
  const manifest = await readManifest(dataDir);
  if (kubeletConf === undefined) return { kind: 'joined', elsewhere: undefined };
  if (manifest === undefined) return { kind: 'unfinished' };
  if (manifest.path !== kubeletConf) return { kind: 'joined', elsewhere: manifest.path };
  return (await stateOf(manifest)) === 'earlier' ? { kind: 'unfinished' } : { kind: 'joined', elsewhere: undefined };
}

/** @throws JoinError, PkiError, DataDirectoryError */
export async function join(order: JoinOrder, dependencies: EnrolDependencies): Promise<Joined> {
  const { dataDir, nodeName, contact } = order;
  const { place, credential } = contact;
  if (contact.nodeName !== undefined && contact.nodeName !== nodeName) {
    throw new JoinError(
      'HOLDFAST_JOIN_NAME_TAKEN',
      `${contact.source} is the credential of the node ${contact.nodeName}, and --node-name says ${nodeName}: leave --node-name out, or join with a token`,
    );
  }
  if (order.kubeletConf !== undefined) refuseOtherPath(await readManifest(dataDir), order.kubeletConf);
  const owner = { purpose: 'join', nodeName, server: place.server, credential } as const;
  const key = await keyForRequest(dataDir, owner);
  const request = {
    place,
    credential,
    nodeName,
    key,
    checksName: contact.nodeName === undefined,
    checksClock: true,
    machineId: order.machineId,
  };
  let certificate: string;
  try {
    certificate = await enrol(request, {
      ...dependencies,
      onPending: async (name) => {
        await claimDataDirectory(dataDir);
        await keepPending(dataDir, owner, key);
        await dependencies.onPending?.(name);
      },
    });
  } catch (error) {
    const isPending = dependencies.signal.aborted || (error as { code?: unknown }).code === 'HOLDFAST_JOIN_PENDING';
    if (!isPending) await forgetPending(dataDir, 'join');
    throw error;
  }
  await claimDataDirectory(dataDir);
  const facts = readCertificateFacts(new X509Certificate(certificate));
  const enrolment =
    order.enrolment ??
    contact.enrolment ??
    (credential.token === undefined ? undefined : enrolmentKubeconfig(place, credential));
  await writeCloudDirectory(dataDir, {
    kubeconfig: nodeKubeconfig(place, nodeUser(nodeName)),
    authority: place.authority?.toString(),
    current: `${certificate}${pemOf(key)}`,
    enrolment,
  });
  await forgetPending(dataDir, 'join');
  await forgetPending(dataDir, 'renewal'); // of the identity that was replaced
  await pointKubelet({ ...order, groups: facts.organizations, wallClock: dependencies.wallClock });
  return { nodeName, notAfterMs: facts.notAfterMs, hasEnrolment: enrolment !== undefined };
}

export interface PointKubelet {
  readonly dataDir: string;
  readonly nodeName: string;
  readonly groups: readonly string[];
  readonly listen: readonly HostPort[];
  readonly kubeletConf: string | undefined;
  readonly wallClock: () => number;
}

/** The last step, and the only one that kubelet sees. */
export async function pointKubelet({ kubeletConf, ...leg }: PointKubelet): Promise<void> {
  const text = await prepareKubeletLeg(leg);
  if (kubeletConf === undefined) return;
  await replaceKept(leg.dataDir, kubeletConf, text);
  await forgetLeft(leg.dataDir);
}
