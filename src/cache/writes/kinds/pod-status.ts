// What a write to pods/status may do. Source: podStatusStrategy, ValidatePodStatusUpdate and the conversion of PodStatus.
import { isIP } from 'node:net';
import { equalJson, isJsonObject, type JsonObject, type JsonValue, own } from '../../../apimachinery/json.ts';
import { labelKeyProblems } from '../../../apimachinery/label-syntax.ts';
import { type FieldProblem, immutableDetail, invalidValue, notAllowed } from '../field-problem.ts';
import { subdomainProblems } from '../name-syntax.ts';
import { childOf, listOf, metadataOf, numberOf, objectsOf, textOf, withMembers, withMetadata } from '../object-view.ts';
import { cannotJudge } from '../refusals.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);

export function preparePodStatus(after: JsonObject, before: JsonObject): JsonObject {
  const [next, last] = [childOf(after, 'status'), childOf(before, 'status')];
  for (const key of ['resourceClaimStatuses', 'extendedResourceClaimStatus']) {
    if (!equalJson(own(next, key), own(last, key))) throw cannotJudge(pods, `status.${key} is the cloud's to change`);
  }
  const owners = own(metadataOf(before), 'ownerReferences');
  const status = withAddresses(withObservedGenerations(next, last));
  const kept = textOf(status, 'qosClass') === '' ? withMembers(status, { qosClass: own(last, 'qosClass') }) : status;
  const pod = withMembers(after, { spec: own(before, 'spec'), status: kept });
  return withMetadata(pod, { deletionTimestamp: undefined, ownerReferences: owners });
}

/** What a client does not say about generations it saw stays as it was. */
function withObservedGenerations(status: JsonObject, last: JsonObject): JsonObject {
  const old = new Map<string, JsonValue[]>();
  for (const condition of objectsOf(last, 'conditions')) {
    const type = textOf(condition, 'type');
    old.set(type, [...(old.get(type) ?? []), own(condition, 'observedGeneration') ?? 0]);
  }
  const conditions = objectsOf(status, 'conditions').map((condition) => {
    const generation = old.get(textOf(condition, 'type'))?.shift() ?? 0;
    const isGiven = (numberOf(condition, 'observedGeneration') ?? 0) !== 0;
    return isGiven || generation === 0 ? condition : withMembers(condition, { observedGeneration: generation });
  });
  const isGiven = (numberOf(status, 'observedGeneration') ?? 0) !== 0;
  return withMembers(status, {
    ...(own(status, 'conditions') !== undefined && { conditions }),
    ...(!isGiven && { observedGeneration: own(last, 'observedGeneration') }),
  });
}

/** podIP is the first of podIPs; where they differ, podIP is believed. */
function withAddresses(status: JsonObject): JsonObject {
  const [podIP, first] = [textOf(status, 'podIP'), textOf(objectsOf(status, 'podIPs')[0] ?? {}, 'ip')];
  if (podIP === '') return first === '' ? status : withMembers(status, { podIP: first });
  return podIP === first ? status : withMembers(status, { podIPs: [{ ip: podIP }] });
}

export function podStatusProblems(after: JsonObject, before: JsonObject): FieldProblem[] {
  const [next, last] = [childOf(after, 'status'), childOf(before, 'status')];
  const problems: FieldProblem[] = [];
  objectsOf(next, 'conditions').forEach((condition, i) => {
    const type = textOf(condition, 'type');
    if ((numberOf(condition, 'observedGeneration') ?? 0) < 0) problems.push(negative(`status.conditions[${i}]`));
    if (systemConditions.has(type)) return;
    for (const detail of labelKeyProblems(type)) {
      problems.push(invalidValue(`status.conditions[${i}].Type`, type, detail));
    }
  });
  if ((numberOf(next, 'observedGeneration') ?? 0) < 0) problems.push(negative('status'));
  if (textOf(next, 'qosClass') !== textOf(last, 'qosClass')) {
    problems.push(invalidValue('status.qosClass', own(next, 'qosClass'), immutableDetail));
  }
  problems.push(...nominatedProblems(after, before));
  for (const list of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
    problems.push(...transitionProblems(list, next, last, childOf(before, 'spec')));
  }
  return [...problems, ...addressProblems('podIPs', next), ...addressProblems('hostIPs', next)];
}

function negative(parent: string): FieldProblem {
  return invalidValue(`${parent}.observedGeneration`, -1, 'must be a non-negative integer');
}

function nominatedProblems(after: JsonObject, before: JsonObject): FieldProblem[] {
  const field = 'status.nominatedNodeName';
  const name = textOf(childOf(after, 'status'), 'nominatedNodeName');
  if (name === '' || name === textOf(childOf(before, 'status'), 'nominatedNodeName')) return [];
  const problems = subdomainProblems(name).map((detail) => invalidValue(field, name, detail));
  const isBound = textOf(childOf(before, 'spec'), 'nodeName') !== '';
  return isBound
    ? [...problems, notAllowed(field, 'may not be set on pods that are already bound to a node')]
    : problems;
}

/** A container that has ended and is not to be restarted does not run again. */
function transitionProblems(list: string, next: JsonObject, last: JsonObject, spec: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  objectsOf(last, list).forEach((old, i) => {
    const ended = own(childOf(old, 'state'), 'terminated');
    if (!isJsonObject(ended)) return;
    const name = textOf(old, 'name');
    const status = objectsOf(next, list).find(
      (one) => textOf(one, 'name') === name && !isJsonObject(own(childOf(one, 'state'), 'terminated')),
    );
    if (status === undefined || mayRestart(list, name, numberOf(ended, 'exitCode') ?? 0, spec)) return;
    problems.push(notAllowed(`status.${list}[${i}].state`, 'may not be transitioned to non-terminated state'));
  });
  return problems;
}

function mayRestart(list: string, name: string, exitCode: number, spec: JsonObject): boolean {
  if (list === 'ephemeralContainerStatuses') return false;
  const containers = objectsOf(spec, list === 'containerStatuses' ? 'containers' : 'initContainers');
  const container = containers.find((one) => textOf(one, 'name') === name);
  if (container === undefined) return false;
  const own = textOf(container, 'restartPolicy');
  if (own !== '' && objectsOf(container, 'restartPolicyRules').some((rule) => ruleMatches(rule, exitCode))) return true;
  const policy = own || textOf(spec, 'restartPolicy');
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function ruleMatches(rule: JsonObject, exitCode: number): boolean {
  const codes = childOf(rule, 'exitCodes');
  const isListed = listOf(codes, 'values').includes(exitCode);
  const operator = textOf(codes, 'operator');
  return operator === 'In' ? isListed : operator === 'NotIn' && !isListed;
}

function addressProblems(list: 'podIPs' | 'hostIPs', status: JsonObject): FieldProblem[] {
  const addresses = objectsOf(status, list).map((one) => textOf(one, 'ip'));
  const problems: FieldProblem[] = [];
  if (list === 'hostIPs' && addresses.length > 0 && addresses[0] !== textOf(status, 'hostIP')) {
    problems.push(invalidValue('status.hostIPs[0].ip', addresses[0], 'must be equal to `hostIP`'));
  }
  addresses.forEach((address, i) => {
    if (isIP(address) === 0) problems.push(invalidValue(`status.${list}[${i}]`, address, 'must be a valid IP address'));
  });
  const isPair = addresses.length === 2 && isIP(addresses[0]!) !== isIP(addresses[1]!);
  if (addresses.length > 1 && !isPair) {
    problems.push(
      invalidValue(`status.${list}`, own(status, list), 'may specify no more than one IP for each IP family'),
    );
  }
  return problems;
}
