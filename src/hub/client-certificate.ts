// The hub's own client certificate as it is found in files or inside a kubeconfig: PEM with the certificate (and what
// follows in its chain), and the key in a second file or in the same one, as kubelet writes it. Pure.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type CertificateFacts, readCertificateFacts } from './pki/certificate-facts.ts';

export interface ClientCertificate {
  /** PEM: the certificate and its chain, without any key. */
  readonly cert: Buffer;
  /** PEM: the key alone. */
  readonly key: Buffer;
}

/** The text is not the certificate or key it should be. The message fits behind the name of its source. */
export class ClientCertificateError extends Error {
  override readonly name = 'ClientCertificateError';
  readonly code = 'HOLDFAST_CLIENT_CERTIFICATE';
}

export interface ReadCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly facts: CertificateFacts;
}

/** Takes the two apart and checks that they belong together. Without `keyPem` the key is looked for in `certPem`. */
export function readClientCertificate(certPem: Buffer, keyPem: Buffer = certPem): ReadCertificate {
  const certificates = pemBlocks(certPem).filter((block) => block.label === 'CERTIFICATE');
  if (certificates.length === 0) throw new ClientCertificateError('holds no PEM block CERTIFICATE');
  const key = pemBlocks(keyPem).find((block) => block.label.endsWith('PRIVATE KEY'));
  if (key === undefined) throw new ClientCertificateError('holds no PEM block PRIVATE KEY');
  if (key.label === 'ENCRYPTED PRIVATE KEY' || key.text.includes('Proc-Type: 4,ENCRYPTED')) {
    throw new ClientCertificateError(
      'holds a key locked with a passphrase; the hub starts unattended and needs an open one',
    );
  }
  const certificate = attempt('certificate', () => new X509Certificate(certificates[0]!.text));
  const privateKey = attempt('private key', () => createPrivateKey(key.text));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ClientCertificateError('holds a certificate and a key that do not belong together');
  }
  return {
    cert: Buffer.from(`${certificates.map((block) => block.text).join('\n')}\n`),
    key: Buffer.from(`${key.text}\n`),
    facts: readCertificateFacts(certificate),
  };
}

/** Checks that there is at least one readable certificate; the bytes are used as they are. */
export function readAuthorities(pem: Buffer): readonly X509Certificate[] {
  const blocks = pemBlocks(pem).filter((block) => block.label === 'CERTIFICATE');
  if (blocks.length === 0) throw new ClientCertificateError('holds no PEM block CERTIFICATE');
  return blocks.map((block) => attempt('certificate', () => new X509Certificate(block.text)));
}

function attempt<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    throw new ClientCertificateError(`holds a PEM block that is no readable ${what}`, { cause });
  }
}

function pemBlocks(pem: Buffer): { readonly label: string; readonly text: string }[] {
  const matches = pem.toString('latin1').matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g);
  return [...matches].map(([text, label]) => ({ label: label!, text }));
}
