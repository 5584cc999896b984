// The hub's own keys and certificates in DIR/pki, and DIR/kubeconfig for its clients on this node: an authority (ten
// years), the serving certificate and a client certificate that speaks for the node (one year each). Only what is
// missing or due is issued; what is damaged or foreign stops the start and stays untouched.
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { isNoSpace } from '../files-at-start.ts';
import { readCertificateFacts } from './certificate-facts.ts';
import { clientKubeconfig, isOurKubeconfig, serverUrl } from './client-kubeconfig.ts';
import { type CertificateOrder, type Issuer, issueCertificate, type Subject } from './issue-certificate.ts';
import { type KeyPair, KeyPairFiles, type LoadedPair } from './key-pair-files.ts';
import { PkiError } from './pki-error.ts';
import { renewalReason, type WantedCertificate } from './renewal.ts';
import { type ServingNames, subjectAlternativeNames } from './subject-alternative-names.ts';
import { makePrivateDirectory, readWholeFile, writeWholeFile } from './whole-file.ts';

const dayMs = 86_400_000;
const authorityLifeMs = 3650 * dayMs;
const leafLifeMs = 365 * dayMs;
/** Certificates begin a day early: a node without a battery-backed clock may start some hours in the past. */
const backdateMs = dayMs;
/** A clock that shows less is not set yet. */
const earliestNowMs = Date.UTC(2026, 0, 1);

export interface PkiOptions {
  /** The hub's data directory. Only one daemon may use it. */
  readonly directory: string;
  /** Distinguishes the authorities of several hubs in a client's trust store. */
  readonly nodeName: string;
  readonly listen: readonly { readonly host: string; readonly port: number }[];
  /** Names and addresses that the serving certificate shall be valid for besides, at this moment. */
  extraNames(): readonly string[];
  /** The machine's addresses at this moment. */
  localAddresses(): readonly string[];
  /** Whom the node's client certificate speaks for: the user and groups of the hub's own certificate in the cloud. */
  readonly client: Subject;
  now(): number;
  /** Told when a full disk does not take what could be done without; left out, it is thrown. */
  onUnwritten?(error: PkiError): void;
}

export interface Pki {
  /** PEM; clients find it in `authorityPath`. */
  readonly authority: Buffer;
  readonly authorityPath: string;
  readonly kubeconfigPath: string;
  /** Of the certificate that speaks for the node. */
  readonly clientFiles: { readonly certificatePath: string; readonly keyPath: string };
  readonly serving: KeyPair;
  /** What somebody should know, in whole sentences. Never a reason not to start. */
  readonly warnings: readonly string[];
  /** Issues anew what is due. Returns the names of the certificates that changed. @throws PkiError */
  renew(): Promise<readonly ('serving' | 'client')[]>;
  /** Writes the kubeconfig anew: clients find the hub at the first of these. @throws PkiError */
  announce(listen: PkiOptions['listen']): Promise<void>;
}

/** @throws PkiError */
export async function openPki(o: PkiOptions): Promise<Pki> {
  const directory = join(resolve(o.directory), 'pki');
  const kubeconfigPath = join(resolve(o.directory), 'kubeconfig');
  await makePrivateDirectory(directory);
  const authorityFiles = new KeyPairFiles(directory, 'ca');
  const servingFiles = new KeyPairFiles(directory, 'serving');
  const clientFiles = new KeyPairFiles(directory, 'client');
  const authority = await ensureAuthority(authorityFiles, o);

  const ensureServing = () => {
    const names: ServingNames = {
      listenHosts: o.listen.map(({ host }) => host),
      extraNames: o.extraNames(),
      localAddresses: o.localAddresses(),
    };
    const subject = { commonName: `holdfast@${o.nodeName}`, organizations: [] };
    return ensureLeaf(
      servingFiles,
      'server',
      { subject, subjectAltNames: subjectAlternativeNames(names) },
      authority,
      o,
    );
  };
  const ensureClient = () =>
    ensureLeaf(clientFiles, 'client', { subject: o.client, subjectAltNames: [] }, authority, o);

  let serving = (await ensureServing()).pair;
  await ensureClient();
  const announce = async ([first = { host: '127.0.0.1', port: 10268 }]: PkiOptions['listen']): Promise<void> => {
    const kubeconfig = clientKubeconfig({
      server: serverUrl(first),
      certificateAuthorityPath: authorityFiles.certificatePath,
      clientCertificatePath: clientFiles.certificatePath,
      clientKeyPath: clientFiles.keyPath,
      user: o.client.commonName,
    });
    await ensureKubeconfig(kubeconfigPath, kubeconfig);
  };
  await announce(o.listen).catch(unlessUnwritten(o));

  return {
    authority: authority.certificate,
    authorityPath: authorityFiles.certificatePath,
    kubeconfigPath,
    clientFiles,
    announce,
    get serving() {
      return serving;
    },
    get warnings() {
      return authorityWarnings(authority, authorityFiles.certificatePath, o.now());
    },
    async renew() {
      const changed: ('serving' | 'client')[] = [];
      const nextServing = await ensureServing();
      serving = nextServing.pair;
      if (nextServing.isNew) changed.push('serving');
      if ((await ensureClient()).isNew) changed.push('client');
      return changed;
    },
  };
}

async function ensureAuthority(files: KeyPairFiles, o: PkiOptions): Promise<LoadedPair> {
  const stored = await files.read();
  if (stored.state === 'pair') {
    if (stored.pair.parsed.ca) return stored.pair;
    throw new PkiError(
      'HOLDFAST_PKI_FOREIGN',
      files.certificatePath,
      `${files.certificatePath} is a certificate, but not one of an authority: move it and ${files.keyPath} away, and the hub makes its own`,
    );
  }
  const { privateKey } = await files.ensureKey(stored);
  // Random, so that two authorities of one node never share a name: verifiers look authorities up by name.
  const commonName = `holdfast-ca@${o.nodeName}-${randomBytes(4).toString('hex')}`;
  const order: CertificateOrder = {
    subject: { commonName, organizations: [] },
    use: 'authority',
    ...authorityLife(o.now()),
    key: privateKey,
    serial: randomBytes(16),
  };
  await files.writeCertificate(issueCertificate(order));
  return readBack(files);
}

/**
 * An authority is made once, at a first start whose clock may be wrong by decades, and must be of use when it is set: it
 * begins before any clock that is right, and ends ten years after one that could be.
 */
function authorityLife(nowMs: number): Pick<CertificateOrder, 'notBeforeMs' | 'notAfterMs'> {
  return {
    notBeforeMs: Math.min(nowMs, earliestNowMs) - backdateMs,
    notAfterMs: Math.max(nowMs, earliestNowMs) + authorityLifeMs,
  };
}

async function ensureLeaf(
  files: KeyPairFiles,
  use: 'server' | 'client',
  wanted: WantedCertificate,
  authority: LoadedPair,
  o: PkiOptions,
): Promise<{ readonly pair: LoadedPair; readonly isNew: boolean }> {
  const stored = await files.read();
  const nowMs = o.now();
  let isOfUse = false;
  if (stored.state === 'pair') {
    const { parsed } = stored.pair;
    const facts = readCertificateFacts(parsed);
    const isIssuedByAuthority = parsed.checkIssued(authority.parsed) && parsed.verify(authority.parsed.publicKey);
    const reason = renewalReason(facts, wanted, { isIssuedByAuthority, nowMs });
    if (reason === undefined) return { pair: stored.pair, isNew: false };
    isOfUse = isIssuedByAuthority && facts.notAfterMs > nowMs;
  }
  const { privateKey } = await files.ensureKey(stored);
  const issuer: Issuer = { certificate: authority.parsed, key: authority.privateKey };
  const notBeforeMs = nowMs - backdateMs;
  const order: CertificateOrder = {
    subject: wanted.subject,
    use,
    ...(use === 'server' && { subjectAltNames: wanted.subjectAltNames }),
    notBeforeMs,
    notAfterMs: notBeforeMs + leafLifeMs,
    key: privateKey,
    serial: randomBytes(16),
  };
  const written = files.writeCertificate(issueCertificate(order, issuer));
  // One that is due is better than none.
  await (isOfUse ? written.catch(unlessUnwritten(o)) : written);
  const pair = await readBack(files);
  return { pair, isNew: stored.state !== 'pair' || !pair.certificate.equals(stored.pair.certificate) };
}

function unlessUnwritten({ onUnwritten }: PkiOptions): (error: unknown) => void {
  return (error) => {
    if (onUnwritten === undefined || !(error instanceof PkiError) || !isNoSpace(error)) throw error;
    onUnwritten(error);
  };
}

/** What clients will see is what is on the disk. */
async function readBack(files: KeyPairFiles): Promise<LoadedPair> {
  const stored = await files.read();
  if (stored.state === 'pair') return stored.pair;
  throw new PkiError(
    'HOLDFAST_PKI_UNREADABLE',
    files.certificatePath,
    `${files.certificatePath} vanished right after it was written: is a second program working in the data directory?`,
  );
}

async function ensureKubeconfig(path: string, wanted: string): Promise<void> {
  const present = (await readWholeFile(path))?.toString('utf8');
  if (present === wanted) return;
  if (present !== undefined && !isOurKubeconfig(present)) {
    throw new PkiError(
      'HOLDFAST_PKI_FOREIGN',
      path,
      `${path} was not written by holdfast, which keeps the kubeconfig of its own clients there: move it away (and give its new place as --kubeconfig if it is the cluster's)`,
    );
  }
  await writeWholeFile(path, wanted, 0o600);
}

function authorityWarnings(authority: LoadedPair, path: string, nowMs: number): string[] {
  const { notBeforeMs, notAfterMs } = readCertificateFacts(authority.parsed);
  const say = (timeMs: number) => new Date(timeMs).toISOString();
  if (nowMs < notBeforeMs) {
    return [
      `${path} is valid from ${say(notBeforeMs)}, but the clock says ${say(nowMs)}: TLS clients refuse it until the clock is right.`,
    ];
  }
  if (nowMs > notAfterMs) {
    return [
      `${path} expired at ${say(notAfterMs)}: move ca.crt and ca.key away for a new authority, and give clients the new ca.crt.`,
    ];
  }
  if (nowMs > notAfterMs - leafLifeMs) {
    return [
      `${path} expires at ${say(notAfterMs)}: plan a new authority (move ca.crt and ca.key away) and give clients the new ca.crt.`,
    ];
  }
  return [];
}
