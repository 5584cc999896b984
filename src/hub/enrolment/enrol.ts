// One machine, one name, one certificate: everything between the first contact with a cluster and a certificate in hand.
// Writes nothing; whoever calls it decides what is kept.
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../apimachinery/clock.ts';
import type { ProxyVariables } from '../upstream/proxy-for.ts';
import { type Apiserver, type ApiserverAnswer, openApiserver } from './apiserver.ts';
import { JoinError } from './join-error.ts';
import { refuseWrongClock } from './machine-clock.ts';
import { nameInUse } from './name-in-use.ts';
import {
  type CertificateWish,
  type RequestCertificateOptions,
  refusedCredential,
  requestCertificate,
} from './request-certificate.ts';
import type { ClusterPlace, EnrolmentCredential } from './upstream-kubeconfig.ts';

export interface EnrolOrder extends CertificateWish {
  readonly place: ClusterPlace;
  /** In place of the one in `place`, where there are several. */
  readonly servers?: readonly string[];
  readonly credential: EnrolmentCredential;
  /** Refuse a name under which another machine lives. Left out where the credential is this node's own. */
  readonly checksName: boolean;
  /** Refuse a clock that differs from the cluster's. A hub that runs goes by the cluster's. */
  readonly checksClock: boolean;
  readonly machineId: string | undefined;
}

export interface EnrolDependencies extends Omit<RequestCertificateOptions, 'clock'> {
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly environment: ProxyVariables;
}

/** PEM of the certificate and its chain. @throws JoinError */
export async function enrol(order: EnrolOrder, dependencies: EnrolDependencies): Promise<string> {
  const { signal, wallClock } = dependencies;
  using api = openAs(order, order.credential, dependencies);
  const first = await api.ask('GET', '/version', signal);
  if (order.checksClock) refuseWrongClock(first.dateMs, wallClock());
  if (first.statusCode === 401) throw refusedCredential(first.message);
  const mayBeRead = order.checksName ? await checkName(api, order, signal) : true;
  const certificate = await requestCertificate(api, order, dependencies);
  if (!mayBeRead) {
    const own = { cert: Buffer.from(certificate), key: pemOf(order.key) };
    using node = openAs(order, { clientCertificate: own }, dependencies);
    await checkName(node, order, signal);
  }
  return certificate;
}

export function pemOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }) as string);
}

function openAs(
  { place, servers }: Pick<EnrolOrder, 'place' | 'servers'>,
  credential: EnrolmentCredential,
  { clock, environment }: EnrolDependencies,
): Apiserver {
  const { server, authority, serverName, proxyUrl } = place;
  return openApiserver({
    servers: servers ?? [server],
    credentials: {
      certificateAuthority: authority,
      serverName,
      clientCertificate: credential.clientCertificate?.cert,
      clientKey: credential.clientCertificate?.key,
      token: credential.token,
    },
    clock,
    proxyVariables: proxyUrl === undefined ? environment : { https_proxy: proxyUrl, http_proxy: proxyUrl },
  });
}

/** True when the Node could be looked at. @throws JoinError when another machine lives under the name */
async function checkName(api: Apiserver, { nodeName, machineId }: EnrolOrder, signal: AbortSignal): Promise<boolean> {
  const node = await api.ask('GET', `/api/v1/nodes/${nodeName}`, signal);
  if (node.statusCode !== 200) return node.statusCode === 404;
  const lease = await api.ask(
    'GET',
    `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`,
    signal,
  );
  const found = (answer: ApiserverAnswer): unknown => (answer.statusCode === 200 ? answer.body : undefined);
  const inUse = nameInUse({
    node: found(node),
    lease: found(lease),
    machineId,
    nowMs: node.dateMs ?? Number.NEGATIVE_INFINITY,
  });
  if (inUse === undefined) return true;
  throw new JoinError(
    'HOLDFAST_JOIN_NAME_TAKEN',
    `another machine is the node ${nodeName}, and it is Ready (${inUse}): give this one a name of its own with --node-name. If it is this machine, installed anew, wait until the Node is no longer Ready, about a minute, or delete it (\`kubectl delete node ${nodeName}\`)`,
  );
}
