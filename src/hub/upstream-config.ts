// Where the cloud is and who the hub is there: from a kubeconfig, from flags, or from both (flags win). Files are read
// and checked now, so that a mistake stops the start with its name and not the first request with a TLS error.
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type ClientCertificate,
  ClientCertificateError,
  readAuthorities,
  readClientCertificate,
} from './client-certificate.ts';
import { type KubeconfigContext, KubeconfigError, type Material, readKubeconfig } from './kubeconfig.ts';
import type { CertificateFacts } from './pki/certificate-facts.ts';
import { fingerprintOf } from './upstream/certificate-files.ts';

export interface UpstreamFlags {
  readonly kubeconfig?: string | undefined;
  /** Instead of the kubeconfig's current context. */
  readonly context?: string | undefined;
  /** Instead of the kubeconfig's one. */
  readonly servers?: readonly string[];
  readonly certificateAuthority?: string | undefined;
  /** With `clientKey` or `tokenFile`: instead of every credential in the kubeconfig. */
  readonly clientCertificate?: string | undefined;
  /** Not needed when `clientCertificate` holds the key too. */
  readonly clientKey?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export interface UpstreamConfig {
  /** At least one, in order of preference, without a slash at the end. May carry a path prefix. */
  readonly servers: readonly string[];
  /** PEM. Without it the machine's own trust store decides. */
  readonly ca?: Buffer;
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
  readonly clientCertificate?: ClientCertificate;
  readonly token?: string;
  /** What of it was read from files, also when the kubeconfig names them: path → fingerprint of what was read. */
  readonly files: ReadonlyMap<string, string>;
  /** Common name of the client certificate: the user that the cloud sees. */
  readonly user?: string;
  /** Its organizations: the groups that the cloud sees. */
  readonly groups: readonly string[];
  readonly proxyUrl?: string;
  /** Whole sentences for the log. Never a reason not to start. */
  readonly warnings: readonly string[];
}

/** @throws KubeconfigError */
export async function loadUpstreamConfig(flags: UpstreamFlags, now: () => number = Date.now): Promise<UpstreamConfig> {
  const context = withFlags(await loadContext(flags), flags);
  if (context.servers.length === 0) {
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_MISSING',
      'no cluster is given: say --kubeconfig FILE, or --server URL with --certificate-authority and --client-certificate or --token-file',
    );
  }
  const files = new Map<string, string>();
  const ca = context.certificateAuthority && (await load(context.certificateAuthority, 'certificate authority', files));
  if (ca !== undefined) check(ca.where, () => readAuthorities(ca.bytes));
  const own = await loadClientCertificate(context, files);
  const token = context.tokenFile === undefined ? context.token : await loadToken(context.tokenFile, files);
  if (ca !== undefined && context.insecureSkipTlsVerify) {
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_UNSUPPORTED',
      'insecure-skip-tls-verify and a certificate authority contradict each other: drop insecure-skip-tls-verify',
    );
  }
  return {
    servers: context.servers.map((server) => checkUrl(server, 'server')),
    ...(ca && { ca: ca.bytes }),
    ...(context.tlsServerName !== undefined && { serverName: context.tlsServerName }),
    insecureSkipVerify: context.insecureSkipTlsVerify,
    ...(own && { clientCertificate: own.certificate }),
    ...(token !== undefined && { token }),
    files,
    ...(own?.facts.commonName !== undefined && { user: own.facts.commonName }),
    groups: own?.facts.organizations ?? [],
    ...(context.proxyUrl !== undefined && { proxyUrl: checkUrl(context.proxyUrl, 'proxy-url') }),
    warnings: warningsAbout(context, own, token, now()),
  };
}

interface Way extends Omit<KubeconfigContext, 'server'> {
  readonly servers: readonly string[];
}

async function loadContext(flags: UpstreamFlags): Promise<Way> {
  if (flags.kubeconfig === undefined) return { servers: [], insecureSkipTlsVerify: false };
  const path = resolve(flags.kubeconfig);
  const text = (await readNamedFile(path, 'kubeconfig', new Map())).toString('utf8');
  const { server, ...rest } = await readKubeconfig(text, path, flags.context);
  return { servers: [server], ...rest };
}

function withFlags(way: Way, flags: UpstreamFlags): Way {
  const file = (path: string): Material => ({ from: 'file', path: resolve(path) });
  const { clientCertificate, clientKey, token, tokenFile, ...place } = way;
  const givesCredential = flags.clientCertificate !== undefined || flags.tokenFile !== undefined;
  return {
    ...(givesCredential ? place : way),
    ...(flags.servers?.length && { servers: flags.servers }),
    ...(flags.certificateAuthority !== undefined && { certificateAuthority: file(flags.certificateAuthority) }),
    ...(flags.clientCertificate !== undefined && { clientCertificate: file(flags.clientCertificate) }),
    ...(flags.clientKey !== undefined && { clientKey: file(flags.clientKey) }),
    ...(flags.tokenFile !== undefined && { tokenFile: resolve(flags.tokenFile) }),
  };
}

interface OwnCertificate {
  readonly certificate: ClientCertificate;
  readonly facts: CertificateFacts;
  readonly where: string;
}

async function loadClientCertificate(way: Way, files: Map<string, string>): Promise<OwnCertificate | undefined> {
  if (way.clientCertificate === undefined) {
    if (way.clientKey === undefined) return undefined;
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_CREDENTIAL',
      'there is a client key but no client certificate for it',
    );
  }
  const cert = await load(way.clientCertificate, 'client certificate', files);
  const key = way.clientKey === undefined ? cert : await load(way.clientKey, 'client key', files);
  const where = key.where === cert.where ? cert.where : `${cert.where} (with ${key.where})`;
  const { facts, ...certificate } = check(where, () => readClientCertificate(cert.bytes, key.bytes));
  return { certificate, facts, where };
}

async function loadToken(path: string, files: Map<string, string>): Promise<string> {
  const token = (await readNamedFile(path, 'token file', files)).toString('utf8').trim();
  if (token === '') {
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_CREDENTIAL',
      `the token file ${path} is empty: write the token into it`,
    );
  }
  return token;
}

async function load(
  material: Material,
  what: string,
  files: Map<string, string>,
): Promise<{ bytes: Buffer; where: string }> {
  if (material.from === 'data') return material;
  return { bytes: await readNamedFile(material.path, what, files), where: material.path };
}

/** Notes in `files` what was read: its fingerprint is taken first, so that a later change differs from it. */
async function readNamedFile(path: string, what: string, files: Map<string, string>): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    files.set(path, fingerprintOf(await file.stat({ bigint: true })));
    return await file.readFile();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new KubeconfigError('HOLDFAST_KUBECONFIG_MISSING', `the ${what} ${path} does not exist: check the path`, {
        cause,
      });
    }
    const why =
      code === 'EACCES' || code === 'EPERM'
        ? 'may not be read by the user the hub runs as'
        : `cannot be read (${code})`;
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_UNREADABLE',
      code === 'EISDIR'
        ? `the ${what} ${path} is a directory: give the file in it`
        : `the ${what} ${path} ${why}: check its owner and mode`,
      { cause },
    );
  }
}

function check<Value>(where: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ClientCertificateError)) throw error;
    throw new KubeconfigError('HOLDFAST_KUBECONFIG_CREDENTIAL', `${where} ${error.message}`, { cause: error });
  }
}

function checkUrl(text: string, field: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    const example = field === 'server' ? 'https://10.0.0.1:6443' : 'http://proxy.example:3128';
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_MALFORMED',
      `${field} "${text}" is not an http(s) URL such as ${example}`,
    );
  }
  return url.href.replace(/\/+$/, '');
}

function warningsAbout(way: Way, own: OwnCertificate | undefined, token: string | undefined, nowMs: number): string[] {
  const warnings: string[] = [];
  if (own === undefined && token === undefined) {
    warnings.push(
      'There is neither a client certificate nor a token: in the cloud the hub is nobody, only callers with their own token get through.',
    );
  }
  if (own !== undefined) {
    const { notBeforeMs, notAfterMs, commonName } = own.facts;
    if (nowMs > notAfterMs) {
      warnings.push(
        `The client certificate ${own.where} expired at ${new Date(notAfterMs).toISOString()}: the cloud will refuse it until it is renewed.`,
      );
    } else if (nowMs < notBeforeMs) {
      warnings.push(
        `The client certificate ${own.where} is valid from ${new Date(notBeforeMs).toISOString()} on: is the clock right?`,
      );
    }
    if (commonName === undefined) warnings.push(`The client certificate ${own.where} names no single user (CN).`);
  }
  if (way.insecureSkipTlsVerify) {
    warnings.push(
      'insecure-skip-tls-verify is set: whoever stands between here and the cloud can read and change everything.',
    );
  }
  return warnings;
}
