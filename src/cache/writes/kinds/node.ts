// Node: its status, and labels and annotations on both paths; what its spec says is the cloud's. Source:
// pkg/registry/core/node, pkg/apis/core/validation.
import { apiVersionOf } from '../../../apimachinery/group-version-resource.ts';
import { equalJson, type JsonObject, own } from '../../../apimachinery/json.ts';
import { duplicate, type FieldProblem, invalidValue } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { subdomainProblems } from '../name-syntax.ts';
import { childOf, isSet, metadataOf, objectsOf, textOf, textsOf, withMembers } from '../object-view.ts';
import { cannotJudge } from '../refusals.ts';
import type { KindRules } from './kind-rules.ts';
import { quantityNanos } from './quantity-value.ts';

const nodes = { group: '', version: 'v1', resource: 'nodes' };
/** Annotations whose text apiserver parses. */
const parsedAnnotations = ['scheduler.alpha.kubernetes.io/taints', 'scheduler.alpha.kubernetes.io/preferAvoidPods'];

export const nodeRules: KindRules = {
  isNamespaced: false,
  statusSubresource: 'own',
  allowsUnconditionalUpdate: true,
  allowsCreateOnUpdate: false,
  deletion: { takesPropagation: true, answer: 'status' },
  prepareCreate: () => {
    throw cannotJudge(nodes, 'new nodes are admitted by the cloud');
  },
  createProblems: (node) => [
    ...metadataProblems(node, false, subdomainProblems),
    ...statusProblems(withMembers(node, { status: withAllocatable(childOf(node, 'status')) })),
  ],
  prepareUpdate,
  updateProblems: (after, _before, subresource) => [
    ...metadataProblems(after, false, ...(subresource === '' ? [subdomainProblems] : [])),
    ...statusProblems(after),
  ],
};

function prepareUpdate(after: JsonObject, before: JsonObject, subresource: string): JsonObject {
  const annotation = (node: JsonObject, key: string) => textOf(childOf(metadataOf(node), 'annotations'), key);
  const parsed = parsedAnnotations.find((key) => annotation(after, key) !== annotation(before, key));
  if (parsed !== undefined) throw cannotJudge(nodes, `what the annotation ${parsed} says is checked by the cloud`);
  if (subresource === 'status') {
    const status = withAllocatable(childOf(after, 'status'));
    const isConfigUsed = own(childOf(before, 'status'), 'config') !== undefined;
    return withMembers(after, {
      spec: own(before, 'spec'),
      status: isConfigUsed ? status : withMembers(status, { config: undefined }),
    });
  }
  if (!equalJson(own(after, 'spec'), own(before, 'spec'))) {
    throw cannotJudge(nodes, `what stands in spec of a ${apiVersionOf(nodes)} Node is for the cloud to change`);
  }
  return withMembers(after, { status: own(before, 'status') });
}

/** By default all that is there can be used. */
function withAllocatable(status: JsonObject): JsonObject {
  const isGiven = isSet(own(status, 'allocatable')) || !isSet(own(status, 'capacity'));
  return isGiven ? status : withMembers(status, { allocatable: own(status, 'capacity') });
}

function statusProblems(node: JsonObject): FieldProblem[] {
  const status = childOf(node, 'status');
  const problems: FieldProblem[] = [];
  for (const list of ['capacity', 'allocatable']) {
    for (const [name, quantity] of textsOf(status, list)) {
      problems.push(...quantityProblems(`status.${list}.${name}`, name, quantity));
    }
  }
  const seen: JsonObject[] = [];
  objectsOf(status, 'addresses').forEach((address, i) => {
    if (seen.some((one) => equalJson(one, address))) problems.push(duplicate(`status.addresses[${i}]`, address));
    seen.push(address);
  });
  return problems;
}

const native: ReadonlySet<string> = new Set(['cpu', 'memory', 'storage', 'ephemeral-storage']);

function quantityProblems(field: string, name: string, quantity: string): FieldProblem[] {
  const nanos = quantityNanos(quantity);
  if (nanos < 0n) return [invalidValue(field, quantity, 'must be greater than or equal to 0')];
  const isExtended = name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
  const isInteger = name === 'pods' || (isExtended && !native.has(name));
  return isInteger && nanos % 1_000_000_000n !== 0n ? [invalidValue(field, quantity, 'must be an integer')] : [];
}
