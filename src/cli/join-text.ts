// What was done, and what is left to do. Pure.
import type { Joined } from '../hub/enrolment/join.ts';

export interface JoinPlaces {
  readonly dataDir: string;
  readonly kubeletConf: string | undefined;
  /** The token of this join is the credential for later enrolments. */
  readonly keepsToken: boolean;
  /** Variables without which the hub would start in another place than kubelet looks for it. */
  readonly settings: readonly string[];
}

export function joinedText(
  { nodeName, notAfterMs, hasEnrolment }: Joined,
  { dataDir, kubeletConf, keepsToken, settings }: JoinPlaces,
): string {
  const enrolment = !hasEnrolment
    ? 'There is no enrolment credential: should the certificate expire during an outage, somebody has to join this node anew (--enrolment-kubeconfig gives one).'
    : keepsToken
      ? 'The credential of this join is kept for the case that the certificate expires during an outage. A bootstrap token usually lives for a day: give one that lives with --enrolment-kubeconfig.'
      : 'The enrolment credential is kept for the case that the certificate expires during an outage.';
  return [
    `Joined as the node ${nodeName}, with a certificate until ${new Date(notAfterMs).toISOString()}.`,
    enrolment,
    kubeletConf === undefined
      ? `kubelet's kubeconfig was left as it is; give kubelet --kubeconfig=${dataDir}/kubeconfig.`
      : `kubelet's kubeconfig ${kubeletConf} leads to the hub now; \`holdfast leave\` puts back what was there.`,
    'Next:',
    '  1. Set rotateCertificates: false in /var/lib/kubelet/config.yaml: the hub renews certificates, and kubelet reads its own again by itself.',
    `  2. ${settings.length === 0 ? '' : `Put ${settings.join(' and ')} into /etc/default/holdfast: kubelet looks for the hub there. `}Start the hub: systemctl enable --now holdfast (its unit: deploy/systemd), or holdfast run.`,
    '  3. Restart kubelet: systemctl restart kubelet.',
  ].join('\n');
}
