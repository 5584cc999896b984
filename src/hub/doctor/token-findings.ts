// For how long a pod could be started again without the cloud, as far as its tokens go. Pure.
import { isJsonObject, type JsonObject } from '../../apimachinery/json.ts';
import type { HeldToken } from '../../cache/tokens/held-token.ts';
import type { Finding } from './finding.ts';
import { projectedSources } from './projected-sources.ts';

/** What a volume asks for; the lifetime as the apiserver fills it in. */
interface Mounted {
  readonly audience: string;
  readonly expirationSeconds: number;
}

const hourMs = 3_600_000;
/** A pod that could be started for less than that is worth a word. */
const shortMs = 24 * hourMs;

/** @param held all tokens that are held for this pod */
export function tokenFindings(pod: JsonObject, held: readonly HeldToken[], nowMs: number): readonly Finding[] {
  const { name, namespace } = pod.metadata as { name?: string; namespace?: string };
  const { phase } = (pod.status ?? {}) as { phase?: string };
  if (phase !== 'Running') return [];
  const subject = `pod ${namespace}/${name}`;
  const ends = mountedTokens(pod).map((mounted) => held.find((one) => answers(one, mounted))?.expiresMs);
  if (ends.some((one) => one === undefined)) {
    return [
      {
        check: 'tokens',
        level: 'problem',
        subject,
        says: 'It mounts a token that is not held here: without the cloud it does not start again.',
        advice:
          'kubelet has to have asked for it through Holdfast, which it does at its start and within 48 minutes: look again then.',
      },
    ];
  }
  const leftMs = Math.min(...(ends as number[])) - nowMs;
  if (leftMs >= shortMs) return [];
  const hours = Math.max(0, Math.floor(leftMs / hourMs));
  return [
    {
      check: 'tokens',
      level: 'warning',
      subject,
      says: `A token that it mounts ends ${hours === 0 ? 'within the hour' : `in ${hours} h`}: when the cloud is away for longer, it does not start again.`,
      advice:
        'A token of the cluster’s own audience lives for a year with --service-account-extend-token-expiration=true at the kube-apiserver; one with an audience of its own for its expirationSeconds.',
    },
  ];
}

function answers({ asked }: HeldToken, { audience, expirationSeconds }: Mounted): boolean {
  return asked.audiences.join() === audience && asked.expirationSeconds === expirationSeconds;
}

function mountedTokens(pod: JsonObject): readonly Mounted[] {
  return projectedSources(pod).flatMap(({ serviceAccountToken: token }) => {
    if (!isJsonObject(token)) return [];
    const { audience, expirationSeconds } = token;
    return [
      {
        audience: typeof audience === 'string' ? audience : '',
        expirationSeconds: typeof expirationSeconds === 'number' ? expirationSeconds : 3600,
      },
    ];
  });
}
