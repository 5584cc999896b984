// PersistentVolumeClaim: its status only, as kubelet writes it while it resizes a volume. Source:
// pkg/registry/core/persistentvolumeclaim, ValidatePersistentVolumeClaimStatusUpdate.
import { type JsonObject, own } from '../../../apimachinery/json.ts';
import { labelKeyProblems } from '../../../apimachinery/label-syntax.ts';
import { type FieldProblem, invalidValue, notSupported } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { childOf, textOf, textsOf, withMembers } from '../object-view.ts';
import { cannotJudge } from '../refusals.ts';
import type { KindRules } from './kind-rules.ts';
import { quantityNanos } from './quantity-value.ts';

const claims = { group: '', version: 'v1', resource: 'persistentvolumeclaims' };
const refuse = (): never => {
  throw cannotJudge(claims, 'only the status of a claim is written on the node');
};

export const persistentVolumeClaimRules: KindRules = {
  isNamespaced: true,
  statusSubresource: 'own',
  allowsUnconditionalUpdate: true,
  allowsCreateOnUpdate: false,
  deletion: { takesPropagation: true, answer: 'object' },
  prepareCreate: refuse,
  createProblems: () => [],
  prepareUpdate: (after, before, subresource) =>
    subresource === 'status' ? withMembers(after, { spec: own(before, 'spec'), status: withPhase(after) }) : refuse(),
  updateProblems: (after) => [...metadataProblems(after, true), ...statusProblems(after)],
};

function withPhase(claim: JsonObject): JsonObject {
  const status = childOf(claim, 'status');
  return withMembers(status, { phase: textOf(status, 'phase') || 'Pending' });
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

function statusProblems(claim: JsonObject): FieldProblem[] {
  const status = childOf(claim, 'status');
  const states = 'status.allocatedResourceStatuses';
  return [
    ...textsOf(status, 'capacity').flatMap((one) => quantityProblems('status.capacity', one)),
    ...textsOf(status, 'allocatedResourceStatuses').flatMap(([name, state]) => [
      ...resourceNameProblems(states, name),
      ...(resizeStates.includes(state) ? [] : [notSupported(states, name, resizeStates)]),
    ]),
    ...textsOf(status, 'allocatedResources').flatMap((one) => {
      const problems = resourceNameProblems('status.allocatedResources', one[0]);
      return problems.length > 0 ? problems : quantityProblems('status.allocatedResources', one);
    }),
  ];
}

function quantityProblems(field: string, [name, quantity]: readonly [string, string]): FieldProblem[] {
  const isNegative = quantityNanos(quantity) < 0n;
  return isNegative ? [invalidValue(`${field}[${name}]`, quantity, 'must be a valid resource quantity')] : [];
}

/** Of Kubernetes' own resources a claim has storage alone. */
function resourceNameProblems(field: string, name: string): FieldProblem[] {
  const problems = labelKeyProblems(name).map((detail) => invalidValue(field, name, detail));
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  return problems.length === 0 && isNative && name !== 'storage' ? [notSupported(field, name, ['storage'])] : problems;
}
