// The kubeconfigs in DIR/cloud. Pure. The node's own names the files beside it, which are replaced one by one; the one for
// enrolment holds everything, for it is used when the others are of no use any more.
import type { ClientCertificate } from '../client-certificate.ts';

export interface ClusterPlace {
  readonly server: string;
  /** PEM; without one the machine's own trust store decides. */
  readonly authority: Buffer | undefined;
  readonly serverName?: string | undefined;
  readonly proxyUrl?: string | undefined;
}

/** Whoever asks for a certificate shows one of the two. */
export interface EnrolmentCredential {
  readonly token?: string | undefined;
  readonly clientCertificate?: ClientCertificate | undefined;
}

export function nodeKubeconfig(place: ClusterPlace, user: string): string {
  const authority = place.authority === undefined ? {} : { 'certificate-authority': 'ca.crt' };
  return kubeconfig(place, authority, user, {
    'client-certificate': 'node-current.pem',
    'client-key': 'node-current.pem',
  });
}

export function enrolmentKubeconfig(place: ClusterPlace, { token, clientCertificate }: EnrolmentCredential): string {
  const { authority } = place;
  return kubeconfig(
    place,
    authority === undefined ? {} : { 'certificate-authority-data': authority.toString('base64') },
    'enrolment',
    clientCertificate === undefined
      ? { token }
      : {
          'client-certificate-data': clientCertificate.cert.toString('base64'),
          'client-key-data': clientCertificate.key.toString('base64'),
        },
  );
}

function kubeconfig(place: ClusterPlace, authority: object, user: string, credential: object): string {
  const { server, serverName, proxyUrl } = place;
  const cluster = {
    server,
    ...authority,
    ...(serverName !== undefined && { 'tls-server-name': serverName }),
    ...(proxyUrl !== undefined && { 'proxy-url': proxyUrl }),
  };
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cloud', cluster }],
    users: [{ name: user, user: credential }],
    contexts: [{ name: 'cloud', context: { cluster: 'cloud', user } }],
    'current-context': 'cloud',
  };
  return `${JSON.stringify(content, null, 2)}\n`; // JSON is YAML, and cheap to read at every start
}
