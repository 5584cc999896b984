// Lease. Source: pkg/registry/coordination/lease, pkg/apis/coordination/validation.
import { type JsonObject, own } from '../../../apimachinery/json.ts';
import { type FieldProblem, invalidValue, notAllowed, notSupported } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { subdomainProblems } from '../name-syntax.ts';
import { childOf, numberOf, textOf, withMembers } from '../object-view.ts';
import type { KindRules } from './kind-rules.ts';

export const leaseRules: KindRules = {
  isNamespaced: true,
  statusSubresource: 'none',
  allowsUnconditionalUpdate: false,
  allowsCreateOnUpdate: true,
  deletion: { takesPropagation: true, answer: 'status' },
  prepareCreate: (lease) => withoutUnusedFields(lease, undefined),
  createProblems: leaseProblems,
  prepareUpdate: withoutUnusedFields,
  updateProblems: leaseProblems,
};

/** Coordinated leader election is off unless a cluster turns it on: its fields are dropped, but kept where they are. */
function withoutUnusedFields(lease: JsonObject, before: JsonObject | undefined): JsonObject {
  const old = before === undefined ? {} : childOf(before, 'spec');
  const dropped = ['strategy', 'preferredHolder'].filter((key) => own(old, key) === undefined);
  const spec = withMembers(childOf(lease, 'spec'), Object.fromEntries(dropped.map((key) => [key, undefined])));
  return withMembers(lease, { spec });
}

function leaseProblems(lease: JsonObject): FieldProblem[] {
  const spec = childOf(lease, 'spec');
  const problems = [...metadataProblems(lease, true, subdomainProblems)];
  const [durationSeconds, transitions] = [numberOf(spec, 'leaseDurationSeconds'), numberOf(spec, 'leaseTransitions')];
  if (durationSeconds !== undefined && durationSeconds <= 0) {
    problems.push(invalidValue('spec.leaseDurationSeconds', durationSeconds, 'must be greater than 0'));
  }
  if (transitions !== undefined && transitions < 0) {
    problems.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  }
  const strategy = textOf(spec, 'strategy');
  if (own(spec, 'strategy') !== undefined && !strategy.includes('/') && strategy !== 'OldestEmulationVersion') {
    problems.push(notSupported('spec.strategy.strategy', strategy, ['OldestEmulationVersion']));
  }
  if (textOf(spec, 'preferredHolder') !== '' && strategy === '') {
    problems.push(notAllowed('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  }
  return problems;
}
