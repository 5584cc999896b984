// Certificates for one test cluster: an authority, a server on the loopback addresses, clients.
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { issueCertificate } from '../../../../src/hub/pki/issue-certificate.ts';

export interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface ClusterCertificates {
  readonly ca: Buffer;
  readonly server: Pair;
  client(commonName: string): Pair;
  serverFor(...names: string[]): Pair;
}

export function clusterCertificates(): ClusterCertificates {
  const life = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 };
  const authorityKey = newKey();
  const subject = { commonName: 'test-ca', organizations: [] };
  const ca = issueCertificate({ subject, use: 'authority', ...life, key: authorityKey, serial: randomBytes(16) });
  const issuer = { certificate: new X509Certificate(ca), key: authorityKey };
  const issue = (use: 'server' | 'client', commonName: string, subjectAltNames?: string[]): Pair => {
    const key = newKey();
    const order = {
      subject: { commonName, organizations: use === 'client' ? ['system:nodes'] : [] },
      use,
      ...life,
      key,
      serial: randomBytes(16),
      ...(subjectAltNames !== undefined && { subjectAltNames }),
    };
    return { cert: Buffer.from(issueCertificate(order, issuer)), key: pem(key) };
  };
  const serverFor = (...names: string[]) => issue('server', 'apiserver', names);
  return {
    ca: Buffer.from(ca),
    server: serverFor('localhost', '127.0.0.1'),
    serverFor,
    client: (commonName) => issue('client', commonName),
  };
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function pem(key: KeyObject): Buffer {
  return Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
}
