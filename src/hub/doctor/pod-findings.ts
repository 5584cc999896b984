// What becomes of one pod of this node while the cloud is away and when it is back. Pure.
import { isJsonObject, type JsonObject } from '../../apimachinery/json.ts';
import { nodeMonitorGraceMs } from '../../apimachinery/node-monitor-grace.ts';
import { type PodReference, podReferences } from '../../apimachinery/pod-references.ts';
import { secondsUntilEviction, tolerationsOf } from './eviction.ts';
import type { Finding } from './finding.ts';
import { projectedSources } from './projected-sources.ts';

/** What the node holds of something that a pod needs. */
export type Knowledge = 'present' | 'absent' | 'unknown';

export interface PodNeeds {
  /** Of a Secret or ConfigMap in the pod's own namespace. */
  knows(namespace: string, reference: PodReference): Knowledge;
}

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function podFindings(pod: JsonObject, needs: PodNeeds): readonly Finding[] {
  const { name, namespace, annotations = {} } = pod.metadata as unknown as Metadata;
  const phase = (pod.status as { phase?: string } | undefined)?.phase;
  // kubelet starts a static pod from its file whatever the cloud says; what has ended stays so.
  if ('kubernetes.io/config.mirror' in annotations || phase === 'Succeeded' || phase === 'Failed') return [];
  const subject = `pod ${namespace}/${name}`;
  return [
    ...eviction(pod, subject),
    ...pulls(pod, subject),
    ...certificates(pod, subject),
    ...references(pod, { namespace, subject, needs }),
  ];
}

function eviction(pod: JsonObject, subject: string): readonly Finding[] {
  const seconds = secondsUntilEviction(tolerationsOf(pod));
  if (seconds === Number.POSITIVE_INFINITY) return [];
  return [
    {
      check: 'eviction',
      level: 'problem',
      subject,
      says: `The cloud deletes it about ${nodeMonitorGraceMs / 1000 + seconds} s after it last heard of this node, and the node ends it when the link is back.`,
      advice:
        'Give its template tolerations for node.kubernetes.io/unreachable and node.kubernetes.io/not-ready (operator Exists, effect NoExecute) without tolerationSeconds.',
    },
  ];
}

function pulls(pod: JsonObject, subject: string): readonly Finding[] {
  const { containers = [], initContainers = [] } = pod.spec as unknown as Record<
    string,
    readonly { readonly name: string; readonly imagePullPolicy?: string }[]
  >;
  const always = [...initContainers, ...containers].filter(({ imagePullPolicy }) => imagePullPolicy === 'Always');
  if (always.length === 0) return [];
  return [
    {
      check: 'image-pull',
      level: 'problem',
      subject,
      says: `Its containers ${always.map(({ name }) => name).join(', ')} ask the registry at each start (imagePullPolicy: Always): without it they do not start again.`,
      advice: 'Use a fixed tag or a digest, and imagePullPolicy: IfNotPresent.',
    },
  ];
}

/** KEP-4317: the key that a certificate is for lives in kubelet's memory only, so nothing can be kept here to give again. */
function certificates(pod: JsonObject, subject: string): readonly Finding[] {
  const signers = projectedSources(pod).flatMap(({ podCertificate }) =>
    isJsonObject(podCertificate) ? String(podCertificate.signerName) : [],
  );
  if (signers.length === 0) return [];
  return [
    {
      check: 'pod-certificate',
      level: 'problem',
      subject,
      says: `kubelet asks the cloud for a certificate at each of its starts (podCertificate, ${[...new Set(signers)].join(', ')}): without the cloud it does not start again once kubelet or the node has restarted, and while it runs on its certificate is not renewed.`,
      advice:
        'Give it its certificate in a Secret, if it has to start without the cloud; and a maxExpirationSeconds that is longer than your outages.',
    },
  ];
}

interface Place {
  readonly namespace: string;
  readonly subject: string;
  readonly needs: PodNeeds;
}

function references(pod: JsonObject, { namespace, subject, needs }: Place): readonly Finding[] {
  const missing = podReferences(pod).filter(
    (reference) => !reference.isOptional && needs.knows(namespace, reference) === 'unknown',
  );
  if (missing.length === 0) return [];
  return [
    {
      check: 'references',
      level: 'problem',
      subject,
      says: `Not held here: ${missing.map(({ resource, name }) => `${resource}/${name}`).join(', ')}. Without the cloud it does not start again.`,
      advice:
        'kubelet has to have read them through Holdfast: does kubelet use it, and was it started since? Then look again in a minute.',
    },
  ];
}
