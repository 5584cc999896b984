// With what a machine first turns to a cluster: where it is, whom to trust, and a credential. From a kubeconfig: one made
// for bootstrapping, kubelet's own, or YurtHub's.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { nodeNameOf } from '../../apimachinery/node-user.ts';
import { isLoopback } from '../option-types.ts';
import { readCertificateFacts } from '../pki/certificate-facts.ts';
import { isKubeletKubeconfig } from '../pki/client-kubeconfig.ts';
import { readWholeFile } from '../pki/whole-file.ts';
import { loadUpstreamConfig, type UpstreamConfig } from '../upstream-config.ts';
import { JoinError } from './join-error.ts';
import { type ClusterPlace, type EnrolmentCredential, enrolmentKubeconfig } from './upstream-kubeconfig.ts';

export interface FirstContact {
  readonly place: ClusterPlace;
  readonly credential: EnrolmentCredential;
  /** The credential is this node's own, and of this name. */
  readonly nodeName: string | undefined;
  /** A kubeconfig for later enrolments that lay beside it. */
  readonly enrolment: string | undefined;
  /** Where it was found, for people. */
  readonly source: string;
}

/** @throws KubeconfigError, JoinError */
export async function contactByKubeconfig(path: string): Promise<FirstContact> {
  const config = await loadUpstreamConfig({ kubeconfig: path });
  const contact = contactOf(config, path);
  if (contact !== undefined) return contact;
  throw new JoinError(
    'HOLDFAST_JOIN_SOURCE',
    `${path} holds neither a client certificate nor a token: give another kubeconfig, or --token`,
  );
}

/**
 * From the kubeconfig that kubelet uses now. Where that leads to YurtHub, from YurtHub's own.
 * @param yurtHubDirectory its --root-dir
 * @throws KubeconfigError, JoinError
 */
export async function contactByKubeletConf(
  path: string,
  yurtHubDirectory: string,
  nowMs: number,
): Promise<FirstContact> {
  const text = (await readWholeFile(path))?.toString('utf8');
  if (text !== undefined && isKubeletKubeconfig(text)) {
    throw new JoinError(
      'HOLDFAST_JOIN_SOURCE',
      `${path} leads to Holdfast already: join with a token, or give the kubeconfig from before as --bootstrap-kubeconfig`,
    );
  }
  const config = await loadUpstreamConfig({ kubeconfig: path });
  if (isYurtHub(config.servers[0]!)) return contactByYurtHub(path, yurtHubDirectory, nowMs);
  const contact = contactOf(config, path);
  if (contact?.nodeName === undefined) {
    throw new JoinError(
      'HOLDFAST_JOIN_SOURCE',
      `${path} holds no certificate of a node (CN system:node:NAME): join with --token or --bootstrap-kubeconfig`,
    );
  }
  if (isOver(config, nowMs)) {
    throw new JoinError(
      'HOLDFAST_JOIN_SOURCE',
      `kubelet's certificate, which ${path} names, expired at ${endOf(config)}: the cluster would not accept it; join with a bootstrap token`,
    );
  }
  return contact;
}

async function contactByYurtHub(path: string, directory: string, nowMs: number): Promise<FirstContact> {
  const own = join(directory, 'yurthub.conf');
  const bootstrap = join(directory, 'bootstrap-hub.conf');
  if ((await readWholeFile(own)) === undefined) {
    throw new JoinError(
      'HOLDFAST_JOIN_SOURCE',
      `${path} leads to a program on this machine, and there is no ${own} of YurtHub's: join with a token`,
    );
  }
  const config = await loadUpstreamConfig({ kubeconfig: own });
  const hasBootstrap = (await readWholeFile(bootstrap)) !== undefined;
  const spare = hasBootstrap ? contactOf(await loadUpstreamConfig({ kubeconfig: bootstrap }), bootstrap) : undefined;
  const enrolment = spare && enrolmentKubeconfig(spare.place, spare.credential);
  const contact = contactOf(config, own);
  if (contact?.nodeName !== undefined && !isOver(config, nowMs)) return { ...contact, enrolment };
  if (spare !== undefined) return { ...spare, nodeName: contact?.nodeName, enrolment };
  throw new JoinError(
    'HOLDFAST_JOIN_SOURCE',
    `YurtHub's certificate, which ${own} names, expired at ${endOf(config)}, and there is no ${bootstrap}: join with a bootstrap token`,
  );
}

function contactOf(config: UpstreamConfig, source: string): FirstContact | undefined {
  const { servers, ca, serverName, proxyUrl, clientCertificate, token, user } = config;
  if (config.insecureSkipVerify) {
    throw new JoinError(
      'HOLDFAST_JOIN_SOURCE',
      `${source} says insecure-skip-tls-verify: put the cluster's CA into it (certificate-authority) instead`,
    );
  }
  if (clientCertificate === undefined && token === undefined) return undefined;
  return {
    place: { server: servers[0]!, authority: ca, serverName, proxyUrl },
    credential: clientCertificate === undefined ? { token } : { clientCertificate },
    nodeName: clientCertificate && nodeNameOf(user),
    enrolment: undefined,
    source,
  };
}

/** Its plain port. An https server on loopback is a load balancer of the node, which leads to the cluster. */
function isYurtHub(server: string): boolean {
  const { protocol, hostname } = new URL(server);
  return protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function isOver(config: UpstreamConfig, nowMs: number): boolean {
  const end = endMs(config);
  return end !== undefined && nowMs > end;
}

function endOf(config: UpstreamConfig): string {
  const end = endMs(config);
  return end === undefined ? 'an unknown time' : new Date(end).toISOString();
}

function endMs({ clientCertificate }: UpstreamConfig): number | undefined {
  return clientCertificate && readCertificateFacts(new X509Certificate(clientCertificate.cert)).notAfterMs;
}
