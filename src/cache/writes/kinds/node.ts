// Node: its status, and labels and annotations on both paths; what its spec says is the cloud's. Source:
// pkg/registry/core/node, pkg/apis/core/validation.
import { equalJson, type JsonObject, own } from '../../../apimachinery/json.ts';
import { labelKeyProblems } from '../../../apimachinery/label-syntax.ts';
import { duplicate, type FieldProblem, invalidValue } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { subdomainProblems } from '../name-syntax.ts';
import {
  childOf,
  isSet,
  listOf,
  metadataOf,
  numberOf,
  objectsOf,
  textOf,
  textsOf,
  withMembers,
} from '../object-view.ts';
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
  createProblems: (node) => newNodeProblems(node, withAllocatable(childOf(node, 'status'))),
  prepareUpdate,
  updateProblems: (after, _before, subresource) => [
    ...(subresource === '' ? newNodeProblems(after, childOf(after, 'status')) : metadataProblems(after, false)),
    ...quantitiesProblems(childOf(after, 'status')),
    ...declaredFeaturesProblems(childOf(after, 'status')),
    ...addressesProblems(childOf(after, 'status')),
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
    throw cannotJudge(nodes, 'what stands in spec of a Node is for the cloud to change');
  }
  return withMembers(after, { status: own(before, 'status') });
}

/** By default all that is there can be used. */
function withAllocatable(status: JsonObject): JsonObject {
  const isGiven = isSet(own(status, 'allocatable')) || !isSet(own(status, 'capacity'));
  return isGiven ? status : withMembers(status, { allocatable: own(status, 'capacity') });
}

/** What only the object itself is held against, when it is made and when it is changed. */
function newNodeProblems(node: JsonObject, status: JsonObject): FieldProblem[] {
  const swap = childOf(childOf(status, 'nodeInfo'), 'swap');
  const capacity = numberOf(swap, 'capacity');
  const isPositive = capacity === undefined || capacity > 0;
  return [
    ...metadataProblems(node, false, subdomainProblems),
    ...quantitiesProblems(status),
    ...(isPositive ? [] : [invalidValue('metadata.nodeSwapStatus.capacity', capacity, 'must be greater than zero')]),
  ];
}

function quantitiesProblems(status: JsonObject): FieldProblem[] {
  return ['capacity', 'allocatable'].flatMap((list) =>
    textsOf(status, list).flatMap(([name, quantity]) => quantityProblems(`status.${list}.${name}`, name, quantity)),
  );
}

const featurePattern = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;

function declaredFeaturesProblems(status: JsonObject): FieldProblem[] {
  const features = listOf(status, 'declaredFeatures').map(String);
  return features.flatMap((feature, i) => {
    const field = `status.declaredFeatures[${i}]`;
    const before = features[i - 1];
    const isName = feature.length <= 253 && featurePattern.test(feature);
    return [
      ...(isName ? [] : [invalidValue(field, feature, 'it is no name of a feature')]),
      ...(feature === before ? [duplicate(field, feature)] : []),
      ...(before !== undefined && feature < before
        ? [invalidValue(field, feature, 'list must be sorted alphabetically')]
        : []),
    ];
  });
}

function addressesProblems(status: JsonObject): FieldProblem[] {
  const addresses = objectsOf(status, 'addresses');
  return addresses.flatMap((address, i) => {
    const isRepeated = addresses.findIndex((one) => equalJson(one, address)) < i;
    return isRepeated ? [duplicate(`status.addresses[${i}]`, address)] : [];
  });
}

const counted: ReadonlySet<string> = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

function quantityProblems(field: string, name: string, quantity: string): FieldProblem[] {
  const nanos = quantityNanos(quantity);
  const problems = nanos < 0n ? [invalidValue(field, quantity, 'must be greater than or equal to 0')] : [];
  const isNative = !name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('requests.');
  const isCounted = isNative ? counted.has(name) : labelKeyProblems(`requests.${name}`).length === 0;
  if (isCounted && nanos % 1_000_000_000n !== 0n) problems.push(invalidValue(field, quantity, 'must be an integer'));
  return problems;
}
