// What a cluster says of itself to a machine that does not know it yet: ConfigMap kube-public/cluster-info, readable by
// anybody, and signed for each bootstrap token with the token's secret. Pure. Source: k8s.io/cluster-bootstrap
// token/jws/jws.go (JWS with a detached payload, RFC 7515 appendix F, HS256).
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { BootstrapToken } from './bootstrap-token.ts';
import { JoinError } from './join-error.ts';

export const clusterInfoPath = '/api/v1/namespaces/kube-public/configmaps/cluster-info';

/** The text of the kubeconfig in it, once its signature is found good. @throws JoinError */
export function readClusterInfo(configMap: unknown, token: BootstrapToken): string {
  const data = (configMap as { data?: Record<string, unknown> } | null)?.data ?? {};
  const { kubeconfig } = data;
  if (typeof kubeconfig !== 'string') {
    throw new JoinError(
      'HOLDFAST_JOIN_AUTHORITY',
      'the ConfigMap kube-public/cluster-info has no key kubeconfig, so the CA cannot be found in it: give the CA with --ca-file',
    );
  }
  const signature = data[`jws-kubeconfig-${token.id}`];
  if (typeof signature !== 'string') {
    throw new JoinError(
      'HOLDFAST_JOIN_TOKEN',
      `the cluster does not know the token ${token.id}.… (any more): it has expired, was deleted, or may not be used for signing; make a new one with \`kubeadm token create --print-join-command\``,
    );
  }
  if (isSignedBy(kubeconfig, signature, token)) return kubeconfig;
  throw new JoinError(
    'HOLDFAST_JOIN_TOKEN',
    `what the cluster says of itself is not signed with the secret of the token ${token.id}.…: the secret is mistyped, or somebody else answers in the cluster's place`,
  );
}

/** @param detached `HEADER..SIGNATURE` */
export function isSignedBy(payload: string, detached: string, { id, secret }: BootstrapToken): boolean {
  const [header, empty, signature, ...rest] = detached.split('.');
  if (header === undefined || empty !== '' || signature === undefined || rest.length > 0) return false;
  if (!namesKey(header, id)) return false;
  const expected = createHmac('sha256', secret)
    .update(`${header}.${base64url(payload)}`)
    .digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function namesKey(header: string, id: string): boolean {
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as Record<string, unknown>;
    return alg === 'HS256' && kid === id;
  } catch {
    return false; // no JWS header: not signed by anybody
  }
}

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
