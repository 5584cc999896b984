// Finds the cluster's CA with nothing but a bootstrap token in hand, as kubeadm does: cluster-info over a connection that
// is not trusted yet, its signature by the token, then the pin. Why not from the TLS chain: docs/decisions/0011-how-a-machine-joins.md.
import { ClientCertificateError } from '../client-certificate.ts';
import { type ApiserverOptions, openApiserver } from './apiserver.ts';
import { pinnedAuthorities, pinsOf } from './authority-pin.ts';
import type { AuthorityPin } from './authority-pin-option.ts';
import type { BootstrapToken } from './bootstrap-token.ts';
import { clusterInfoPath, readClusterInfo } from './cluster-info.ts';
import { JoinError } from './join-error.ts';
import { refuseWrongClock } from './machine-clock.ts';

export interface Discovery extends Omit<ApiserverOptions, 'credentials'> {
  readonly token: BootstrapToken;
  /** Undefined: whatever the token has signed is believed. */
  readonly pins: readonly AuthorityPin[] | undefined;
  readonly wallClock: () => number;
  readonly signal: AbortSignal;
}

/** PEM. @throws JoinError */
export async function discoverAuthority({ token, pins, wallClock, signal, ...way }: Discovery): Promise<Buffer> {
  using stranger = openApiserver({ ...way, credentials: { insecureSkipTlsVerify: true } });
  const answer = await stranger.ask('GET', clusterInfoPath, signal);
  refuseWrongClock(answer.dateMs, wallClock());
  if (answer.statusCode !== 200) {
    throw new JoinError(
      'HOLDFAST_JOIN_AUTHORITY',
      `${way.servers.join(', ')} does not show its CA to strangers (ConfigMap kube-public/cluster-info: ${answer.statusCode} ${answer.message}); only clusters made by kubeadm do: give the CA with --ca-file`,
    );
  }
  const bundle = await authorityIn(readClusterInfo(answer.body, token));
  try {
    const trusted = pins === undefined ? bundle : pinnedAuthorities(bundle, pins);
    if (trusted !== undefined) return trusted;
    throw new JoinError(
      'HOLDFAST_JOIN_AUTHORITY',
      `the cluster's CA is ${pinsOf(bundle).join(', ')}, and not the one that --ca-hash names: this is another cluster, or its CA was replaced. Compare with \`kubeadm token create --print-join-command\` on the control plane`,
    );
  } catch (cause) {
    if (!(cause instanceof ClientCertificateError)) throw cause;
    throw new JoinError(
      'HOLDFAST_JOIN_AUTHORITY',
      `the CA in kube-public/cluster-info ${cause.message}: give it with --ca-file`,
      {
        cause,
      },
    );
  }
}

/** The CA in the kubeconfig of cluster-info. @throws JoinError */
export async function authorityIn(kubeconfig: string): Promise<Buffer> {
  const { parseYaml } = await import('../parse-yaml.ts');
  let content: unknown;
  try {
    content = parseYaml(kubeconfig);
  } catch (cause) {
    throw noAuthority(cause);
  }
  const { clusters } = (content ?? {}) as { clusters?: { cluster?: Record<string, unknown> }[] };
  const data = Array.isArray(clusters) ? clusters[0]?.cluster?.['certificate-authority-data'] : undefined;
  if (typeof data !== 'string' || data === '') throw noAuthority();
  return Buffer.from(data, 'base64');
}

function noAuthority(cause?: unknown): JoinError {
  return new JoinError(
    'HOLDFAST_JOIN_AUTHORITY',
    'the kubeconfig in kube-public/cluster-info holds no CA: give it with --ca-file',
    { cause },
  );
}
