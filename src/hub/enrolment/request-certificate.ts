// Asks the cluster for a node's client certificate: one CertificateSigningRequest, and patience until it is issued.
// Promise: the same key gives the same request, so asking again goes on with the one that waits. Source: KEP-5,
// certificates.k8s.io/v1, signer kubernetes.io/kube-apiserver-client-kubelet.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { nodesGroup, nodeUser } from '../../apimachinery/node-user.ts';
import { ClientCertificateError, readClientCertificate } from '../client-certificate.ts';
import { certificateRequest } from '../pki/certificate-request.ts';
import type { Apiserver, ApiserverAnswer } from './apiserver.ts';
import { JoinError } from './join-error.ts';

export interface CertificateWish {
  readonly nodeName: string;
  /** EC private key. */
  readonly key: KeyObject;
}

export interface RequestCertificateOptions {
  readonly signal: AbortSignal;
  /** How long somebody may take to approve it. */
  readonly approvalTimeoutMs: number;
  readonly clock: { now(): number };
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** It is not issued at once: somebody may have to approve it. Told once. */
  readonly onPending?: (name: string) => void | Promise<void>;
}

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
const firstPollMs = 200;
const slowestPollMs = 3_000;
const noteAfterMs = 2_000;

interface SigningRequest {
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

/** The name is the key's, so that the request of a run that was broken off is found again. */
export function requestName({ nodeName, key }: CertificateWish): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(spki).digest('hex').slice(0, 20);
  return `holdfast-${nodeName.slice(0, 200).replace(/[.-]+$/, '')}-${digest}`;
}

/** PEM of the certificate and its chain. @throws JoinError */
export async function requestCertificate(
  api: Apiserver,
  wish: CertificateWish,
  { signal, approvalTimeoutMs, clock, sleep, onPending }: RequestCertificateOptions,
): Promise<string> {
  const name = requestName(wish);
  const begunAt = clock.now();
  let answer = await submit(api, wish, name, signal);
  let isNoted = false;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(slowestPollMs, pollMs * 1.5)) {
    const certificate = issuedIn(answer, name);
    if (certificate !== undefined) return checked(certificate, wish);
    const waitedMs = clock.now() - begunAt;
    if (waitedMs >= approvalTimeoutMs) throw stillPending(name, approvalTimeoutMs);
    if (!isNoted && waitedMs >= noteAfterMs) {
      isNoted = true;
      await onPending?.(name);
    }
    await sleep(Math.min(pollMs, approvalTimeoutMs - waitedMs), signal);
    answer = await read(api, name, signal);
  }
}

async function submit(
  api: Apiserver,
  wish: CertificateWish,
  name: string,
  signal: AbortSignal,
): Promise<SigningRequest> {
  const subject = { commonName: nodeUser(wish.nodeName), organizations: [nodesGroup] };
  const answer = await api.ask('POST', collection, signal, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(certificateRequest(subject, wish.key)).toString('base64'),
      signerName,
      // An EC key signs and does not encipher; the signer refuses any other pair.
      usages: ['digital signature', 'client auth'],
    },
  });
  if (answer.statusCode === 409) return read(api, name, signal);
  if (answer.statusCode !== 201) throw notTaken(answer, wish.nodeName);
  return answer.body as SigningRequest;
}

async function read(api: Apiserver, name: string, signal: AbortSignal): Promise<SigningRequest> {
  const answer = await api.ask('GET', `${collection}/${name}`, signal);
  if (answer.statusCode === 200) return answer.body as SigningRequest;
  if (answer.statusCode >= 500 || answer.statusCode === 429) return {}; // busy for the moment: asked again
  if (answer.statusCode === 404) {
    throw new JoinError(
      'HOLDFAST_JOIN_REFUSED',
      `the CertificateSigningRequest ${name} was deleted before it was issued: run it again for a new one`,
    );
  }
  throw new JoinError(
    'HOLDFAST_JOIN_REFUSED',
    `the CertificateSigningRequest ${name} was made, but may not be read by this credential (${answer.statusCode}: ${answer.message}): give it the ClusterRole system:node-bootstrapper`,
  );
}

function notTaken({ statusCode, message }: ApiserverAnswer, nodeName: string): JoinError {
  if (statusCode === 401) return refusedCredential(message);
  if (statusCode === 403 && /can only create a node CSR with CN=|NodeRestriction|is not allowed/i.test(message)) {
    return new JoinError(
      'HOLDFAST_JOIN_NAME_TAKEN',
      `this credential is another node's and may not ask for a certificate of ${nodeName} (${message}): give --node-name the name that stands in the credential, or join with a bootstrap token`,
    );
  }
  if (statusCode === 403) {
    return new JoinError(
      'HOLDFAST_JOIN_REFUSED',
      `this credential may not ask for certificates (403: ${message}): give its user or group the ClusterRole system:node-bootstrapper`,
    );
  }
  return new JoinError(
    'HOLDFAST_JOIN_REFUSED',
    `the cluster did not take the request for a certificate (${statusCode}: ${message})`,
  );
}

export function refusedCredential(message: string): JoinError {
  return new JoinError(
    'HOLDFAST_JOIN_TOKEN',
    `the cluster does not accept this credential (401: ${message}): a bootstrap token has expired, was deleted or is mistyped (\`kubeadm token create --print-join-command\` makes one); a certificate has expired or is of another cluster`,
  );
}

/** PEM, or undefined while it waits. @throws JoinError when it will never be issued */
function issuedIn({ status }: SigningRequest, name: string): string | undefined {
  const { certificate, conditions = [] } = status ?? {};
  if (certificate !== undefined && certificate !== '') return Buffer.from(certificate, 'base64').toString('latin1');
  const refusal = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (refusal === undefined) return undefined;
  const why = [refusal.reason, refusal.message].filter((text) => text).join(': ') || 'no reason given';
  const advice =
    refusal.type === 'Denied'
      ? 'ask whoever denied it; a new run makes a new request'
      : 'the signer says that it cannot issue it: look at the log of kube-controller-manager';
  throw new JoinError(
    'HOLDFAST_JOIN_REFUSED',
    `the CertificateSigningRequest ${name} was ${refusal.type === 'Denied' ? 'denied' : 'approved, but failed'} (${why}): ${advice}`,
  );
}

function stillPending(name: string, timeoutMs: number): JoinError {
  return new JoinError(
    'HOLDFAST_JOIN_PENDING',
    `the CertificateSigningRequest ${name} was not approved within ${Math.round(timeoutMs / 1000)} s: look at it (\`kubectl describe csr ${name}\`), approve it (\`kubectl certificate approve ${name}\`) and run this again, which goes on with it. If it is approved and not issued, kube-controller-manager has no signer`,
  );
}

/** What comes back must be for our key and our node, whoever signed it. */
function checked(certificate: string, { nodeName, key }: CertificateWish): string {
  try {
    const keyPem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
    const { cert, facts } = readClientCertificate(Buffer.from(certificate), Buffer.from(keyPem));
    if (facts.commonName !== nodeUser(nodeName)) {
      throw new ClientCertificateError(`is made out for ${facts.commonName}`);
    }
    return cert.toString('latin1');
  } catch (cause) {
    if (!(cause instanceof ClientCertificateError)) throw cause;
    throw new JoinError('HOLDFAST_JOIN_REFUSED', `what the cluster issued cannot be used: it ${cause.message}`, {
      cause,
    });
  }
}
