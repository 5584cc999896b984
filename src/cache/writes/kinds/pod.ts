// Pod: status, graceful deletion, mirror pods, and metadata; what its spec says is the cloud's. Source:
// pkg/registry/core/pod, pkg/apis/core/validation.
import { equalJson, type JsonObject, type JsonValue, own } from '../../../apimachinery/json.ts';
import { forbidden } from '../../../apimachinery/status.ts';
import { type FieldProblem, invalidValue, notAllowed } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { subdomainProblems } from '../name-syntax.ts';
import { childOf, metadataOf, numberOf, textOf, textsOf, withMembers, withMetadata } from '../object-view.ts';
import { cannotJudge } from '../refusals.ts';
import type { KindRules } from './kind-rules.ts';
import { mirrorPodRefusal } from './mirror-pod-references.ts';
import { qosClass } from './pod-qos-class.ts';
import { podStatusProblems, preparePodStatus } from './pod-status.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
export const mirrorPodAnnotation = 'kubernetes.io/config.mirror';
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
/** Annotations whose text apiserver parses. */
const parsedAnnotations = /^(scheduler\.alpha\.kubernetes\.io\/tolerations|(container\.)?seccomp\.security\.alpha\.)/;

export const podRules: KindRules = {
  isNamespaced: true,
  statusSubresource: 'own',
  allowsUnconditionalUpdate: true,
  allowsCreateOnUpdate: false,
  deletion: { takesPropagation: true, answer: 'object', graceSeconds },
  // A node follows its own pods only; kubelet ends the name of a static pod with that of the node.
  isNamedUniquely: (pod) => {
    const nodeName = textOf(childOf(pod, 'spec'), 'nodeName');
    return isMirrorPod(pod) && nodeName !== '' && textOf(metadataOf(pod), 'name').endsWith(`-${nodeName}`);
  },
  prepareCreate: (pod) => {
    if (!isMirrorPod(pod)) throw cannotJudge(pods, 'new pods are admitted and scheduled by the cloud');
    const refusal = mirrorPodRefusal(pod);
    if (refusal !== undefined) throw forbidden(pods, textOf(metadataOf(pod), 'name'), refusal);
    const status = { phase: 'Pending', qosClass: qosClass(pod) };
    return withMembers(withMetadata(pod, { generation: 1 }), { status });
  },
  createProblems: (pod) => [
    ...metadataProblems(pod, true, subdomainProblems),
    ...(isMirrorPod(pod) && textOf(childOf(pod, 'spec'), 'nodeName') === ''
      ? [
          invalidValue(
            `metadata.annotations[${mirrorPodAnnotation}]`,
            textOf(annotationsOf(pod), mirrorPodAnnotation),
            'must set spec.nodeName if mirror pod annotation is set',
          ),
        ]
      : []),
  ],
  prepareUpdate: (after, before, subresource) => {
    checkAnnotations(after, before);
    if (subresource === 'status') return preparePodStatus(after, before);
    if (!equalJson(own(after, 'spec'), own(before, 'spec'))) {
      throw cannotJudge(pods, 'what stands in spec of a Pod is for the cloud to change');
    }
    return withMembers(after, { status: own(before, 'status') });
  },
  updateProblems: (after, before, subresource) => [
    ...metadataProblems(after, true, ...(subresource === '' ? [subdomainProblems] : [])),
    ...annotationProblems(after, before),
    ...(subresource === 'status' ? podStatusProblems(after, before) : []),
  ],
};

function annotationsOf(pod: JsonObject): JsonObject {
  return childOf(metadataOf(pod), 'annotations');
}

export function isMirrorPod(pod: JsonObject): boolean {
  return own(annotationsOf(pod), mirrorPodAnnotation) !== undefined;
}

/** Phases that a pod never leaves. */
export function isTerminalPhase(pod: JsonObject): boolean {
  const phase = textOf(childOf(pod, 'status'), 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}

/** How long a pod is given: at once when it is not on a node, or has ended. */
function graceSeconds(pod: JsonObject, asked: number | undefined): number {
  const spec = childOf(pod, 'spec');
  if (textOf(spec, 'nodeName') === '' || isTerminalPhase(pod)) return 0;
  const seconds = asked ?? numberOf(spec, 'terminationGracePeriodSeconds') ?? 0;
  return seconds < 0 ? 1 : seconds;
}

function changedAnnotations(after: JsonObject, before: JsonObject): readonly string[] {
  const [next, last] = [annotationsOf(after), annotationsOf(before)];
  return [...new Set([...Object.keys(next), ...Object.keys(last)])].filter((key) => own(next, key) !== own(last, key));
}

function checkAnnotations(after: JsonObject, before: JsonObject): void {
  const parsed = changedAnnotations(after, before).find((key) => parsedAnnotations.test(key));
  if (parsed !== undefined) throw cannotJudge(pods, `what the annotation ${parsed} says is checked by the cloud`);
}

function annotationProblems(after: JsonObject, before: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const key of changedAnnotations(after, before)) {
    const verb = own(annotationsOf(before), key) === undefined ? 'add' : 'remove or update';
    const field = `metadata.annotations[${key}]`;
    if (key.startsWith(appArmorPrefix)) problems.push(notAllowed(field, `may not ${verb} AppArmor annotations`));
    if (key === mirrorPodAnnotation) problems.push(notAllowed(field, `may not ${verb} mirror pod annotation`));
  }
  for (const [key, value] of textsOf(metadataOf(after), 'annotations')) {
    if (key !== deletionCost || isInt32(value)) continue;
    problems.push(invalidValue(`metadata.annotations[${key}]`, value, 'must be a 32bit integer'));
  }
  return problems;
}

function isInt32(text: JsonValue): boolean {
  return /^(0|-?[1-9]\d{0,9})$/.test(String(text)) && (Number(text) | 0) === Number(text);
}
