// The kubeconfig with which kubelet, kubectl and others on this node reach the hub as the node. Pure.
// It names the certificate files instead of holding them: clients read those again when the hub renews them.
import { isIPv6 } from 'node:net';

const mark = '# Written by holdfast at every start. Changes are lost; copy it under another name to keep your own.';
const joinMark = '# Written by holdfast join. `holdfast leave` puts back what was here before.';

export interface ClientKubeconfig {
  /** e.g. https://127.0.0.1:10268 */
  readonly server: string;
  /** Absolute paths, so that a copy of the file elsewhere still works. */
  readonly certificateAuthorityPath: string;
  readonly clientCertificatePath: string;
  readonly clientKeyPath: string;
  readonly user: string;
}

export function clientKubeconfig(o: ClientKubeconfig): string {
  const quote = JSON.stringify;
  return `${mark}
apiVersion: v1
kind: Config
clusters:
  - name: holdfast
    cluster:
      server: ${quote(o.server)}
      certificate-authority: ${quote(o.certificateAuthorityPath)}
users:
  - name: ${quote(o.user)}
    user:
      client-certificate: ${quote(o.clientCertificatePath)}
      client-key: ${quote(o.clientKeyPath)}
contexts:
  - name: holdfast
    context:
      cluster: holdfast
      user: ${quote(o.user)}
current-context: holdfast
`;
}

/** The same for kubelet, in kubelet's own place. */
export function kubeletKubeconfig(o: ClientKubeconfig): string {
  return clientKubeconfig(o).replace(mark, joinMark);
}

export function isKubeletKubeconfig(text: string): boolean {
  return text.startsWith(joinMark);
}

export function isOurKubeconfig(text: string): boolean {
  return text.startsWith(mark);
}

/** How a client on this node reaches a listen address; listening everywhere includes loopback. */
export function serverUrl(address: { readonly host: string; readonly port: number }): string {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address.host] ?? address.host;
  return `https://${isIPv6(host) ? `[${host}]` : host}:${address.port}`;
}
