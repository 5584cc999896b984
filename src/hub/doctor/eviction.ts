// When the cloud deletes a pod whose node it does not hear from: the taint manager of kube-controller-manager, which adds
// `unreachable` or `not-ready` to a silent Node and deletes what does not tolerate it. Pure.
// Source: k8s.io/kubernetes pkg/controller/tainteviction; the first matching toleration of each taint counts.
import type { JsonObject } from '../../apimachinery/json.ts';

/** Which taints a silent node gets, both with the effect NoExecute. */
const taintsOfSilence = ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready'];

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

/** Seconds from the taint to the deletion; Infinity where the pod stays. */
export function secondsUntilEviction(tolerations: readonly Toleration[]): number {
  return Math.min(...taintsOfSilence.map((key) => secondsTolerated(tolerations, key)));
}

function secondsTolerated(tolerations: readonly Toleration[], taintKey: string): number {
  const matching = tolerations.find((one) => tolerates(one, taintKey));
  if (matching === undefined) return 0;
  return matching.tolerationSeconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, matching.tolerationSeconds);
}

/** The taints in question have no value. */
function tolerates({ key = '', operator = 'Equal', value = '', effect = '' }: Toleration, taintKey: string): boolean {
  if (effect !== '' && effect !== 'NoExecute') return false;
  if (operator === 'Exists') return key === '' || key === taintKey;
  return operator === 'Equal' && key === taintKey && value === '';
}

export function tolerationsOf(pod: JsonObject): readonly Toleration[] {
  const spec = pod.spec as { readonly tolerations?: readonly Toleration[] } | undefined;
  return spec?.tolerations ?? [];
}
