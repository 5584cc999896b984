// CSINode. Source: pkg/registry/storage/csinode, pkg/apis/storage/validation.
import { equalJson, type JsonObject, own } from '../../../apimachinery/json.ts';
import { labelKeyProblems } from '../../../apimachinery/label-syntax.ts';
import { duplicate, type FieldProblem, immutableDetail, invalidValue, missing } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { subdomainProblems } from '../name-syntax.ts';
import { childOf, listOf, numberOf, objectsOf, textOf, withMembers } from '../object-view.ts';
import { asItStands, type KindRules } from './kind-rules.ts';

const longestNodeId = 256;

export const csiNodeRules: KindRules = {
  isNamespaced: false,
  statusSubresource: 'none',
  allowsUnconditionalUpdate: false,
  allowsCreateOnUpdate: false,
  deletion: { takesPropagation: true, answer: 'object' },
  prepareCreate: asItStands,
  createProblems: csiNodeProblems,
  prepareUpdate: asItStands,
  updateProblems: (after, before) => [...csiNodeProblems(after), ...changedDriverProblems(after, before)],
};

function driversOf(csiNode: JsonObject): readonly JsonObject[] {
  return objectsOf(childOf(csiNode, 'spec'), 'drivers');
}

function csiNodeProblems(csiNode: JsonObject): FieldProblem[] {
  const problems = [...metadataProblems(csiNode, false, subdomainProblems)];
  const names = new Set<string>();
  driversOf(csiNode).forEach((driver, i) => {
    const at = `spec.drivers[${i}]`;
    const [name, nodeId] = [textOf(driver, 'name'), textOf(driver, 'nodeID')];
    for (const detail of subdomainProblems(name.toLowerCase())) problems.push(invalidValue(`${at}.name`, name, detail));
    if (name.length > 63) problems.push(invalidValue(`${at}.name`, name, 'must be no more than 63 characters'));
    if (nodeId === '') problems.push(missing(`${at}.nodeID`));
    if (Buffer.byteLength(nodeId) > longestNodeId) {
      problems.push(invalidValue(`${at}.nodeID`, nodeId, `must be ${longestNodeId} characters or less`));
    }
    const count = numberOf(childOf(driver, 'allocatable'), 'count') ?? 0;
    if (count < 0) {
      problems.push(invalidValue(`${at}.allocatable.count`, count, 'must be greater than or equal to 0'));
    }
    if (names.has(name)) problems.push(duplicate(`${at}.name`, name));
    names.add(name);
    problems.push(...topologyProblems(driver, at));
  });
  return problems;
}

function topologyProblems(driver: JsonObject, at: string): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const seen = new Set<string>();
  for (const key of listOf(driver, 'topologyKeys').map(String)) {
    if (key === '') problems.push(missing(at));
    if (seen.has(key)) problems.push(duplicate(at, key));
    seen.add(key);
    for (const detail of labelKeyProblems(key)) problems.push(invalidValue(at, key, detail));
  }
  return problems;
}

/** A driver keeps what it said, but for how many volumes it takes. */
function changedDriverProblems(after: JsonObject, before: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const fixed = (driver: JsonObject) => withMembers(driver, { allocatable: undefined });
  for (const old of driversOf(before)) {
    for (const driver of driversOf(after)) {
      if (own(driver, 'name') !== own(old, 'name') || equalJson(fixed(driver), fixed(old))) continue;
      problems.push(invalidValue('spec.drivers', fixed(driver), immutableDetail));
    }
  }
  return problems;
}
