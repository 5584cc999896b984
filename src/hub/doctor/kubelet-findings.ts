// What kubelet's own settings do to a node whose cloud is away. Pure; the files are read by the command.
// Source: k8s.io/kubelet/config/v1beta1 types.go for names and defaults.
import type { JsonObject, JsonValue } from '../../apimachinery/json.ts';
import type { Finding } from './finding.ts';

/** A KubeletConfiguration, with the path it was read from. */
export interface KubeletConfiguration {
  readonly path: string;
  readonly document: JsonObject;
}

/** Which server kubelet's kubeconfig names. */
export interface KubeletKubeconfig {
  readonly path: string;
  readonly server: string;
}

/** @param hubServers `host:port` under which the hub is reached on this node */
export function kubeconfigFindings(
  { path, server }: KubeletKubeconfig,
  hubServers: readonly string[],
): readonly Finding[] {
  if (hubServers.includes(hostPortOf(server))) return [];
  return [
    {
      check: 'kubelet-server',
      level: 'problem',
      subject: path,
      says: `kubelet asks ${server} and not Holdfast: without the cloud it starts nothing.`,
      advice: `Give kubelet a kubeconfig that names ${hubServers.map((one) => `https://${one}`).join(' or ')}.`,
    },
  ];
}

export function configurationFindings({ path, document }: KubeletConfiguration): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (level: Finding['level'], check: string, says: string, advice: string): void => {
    findings.push({ check, level, subject: path, says, advice });
  };

  if (numberOf(document.imageGCHighThresholdPercent, 85) < 100) {
    find(
      'warning',
      'image-gc',
      'When the disk fills, kubelet deletes images that no container uses, and nobody can pull them again.',
      'Set imageGCHighThresholdPercent: 100 (off) and watch the disk yourself, or pin what must stay in the container runtime.',
    );
  }
  if (isDuration(document.imageMaximumGCAge)) {
    find(
      'warning',
      'image-gc-age',
      `kubelet deletes images that were not used for ${String(document.imageMaximumGCAge)}, and nobody can pull them again.`,
      'Leave imageMaximumGCAge out.',
    );
  }
  if (isDuration(document.shutdownGracePeriod)) {
    find(
      'warning',
      'graceful-shutdown',
      'An orderly shutdown ends pods as Failed; without the cloud nobody makes new ones in their place.',
      'Set shutdownGracePeriod: 0s and shutdownGracePeriodCriticalPods: 0s, so that a reboot is like a power cut, which pods survive.',
    );
  }
  if (document.rotateCertificates === true) {
    find(
      'note',
      'kubelet-rotation',
      'kubelet asks for a client certificate of its own, which it does not need: Holdfast renews the one it has issued to it.',
      'Set rotateCertificates: false.',
    );
  }
  if (document.serverTLSBootstrap === true) {
    find(
      'note',
      'kubelet-serving',
      'kubelet gets its serving certificate from the cloud: one that runs out meanwhile is renewed when the link is back, and until then logs and exec from the node itself fail.',
      'Nothing, if the certificate lives longer than your outages.',
    );
  }
  return findings;
}

function hostPortOf(server: string): string {
  return URL.canParse(server) ? new URL(server).host : server;
}

function numberOf(value: JsonValue | undefined, standard: number): number {
  return typeof value === 'number' ? value : standard;
}

/** A Go duration that is not zero. */
function isDuration(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && /[1-9]/.test(value);
}
