// PersistentVolumeClaim: its status only, as kubelet writes it while it resizes a volume. Source:
// pkg/registry/core/persistentvolumeclaim, ValidatePersistentVolumeClaimStatusUpdate.
import { type JsonObject, own } from '../../../apimachinery/json.ts';
import { type FieldProblem, invalidValue } from '../field-problem.ts';
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

function statusProblems(claim: JsonObject): FieldProblem[] {
  const status = childOf(claim, 'status');
  return ['capacity', 'allocatedResources'].flatMap((list) =>
    textsOf(status, list)
      .filter(([, quantity]) => quantityNanos(quantity) < 0n)
      .map(([name, quantity]) =>
        invalidValue(`status.${list}[${name}]`, quantity, 'must be a valid resource quantity'),
      ),
  );
}
