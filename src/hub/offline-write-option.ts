// One rule of `--offline-writes`, as text: `configmaps`, `apps.example.com/widgets;namespace=a,b;labels=tier=edge;conflict=park`.
// Promise: a rule that could never allow anything is refused, so nobody learns of a typing mistake when the link is cut.
import { parseLabelSelector } from '../apimachinery/label-selector.ts';
import { type ConflictPolicy, type UserWriteRule, whyNoRule } from '../cache/writes/policy.ts';
import { closestName } from './closest-name.ts';
import { InvalidValueError, type OptionType } from './option-types.ts';

const conflictPolicies: readonly string[] = ['edge-wins', 'cloud-wins', 'park'] satisfies ConflictPolicy[];

const form = '[GROUP/]RESOURCE[;namespace=A,B][;labels=SELECTOR][;conflict=cloud-wins|edge-wins|park]';

/** One rule a line where one text holds several: there are commas in rules. */
export const offlineWrite: OptionType<UserWriteRule> = {
  placeholder: 'RULE',
  separator: '\n',
  parse: parseOfflineWrite,
};

/** @throws InvalidValueError that says what is wrong */
export function parseOfflineWrite(text: string): UserWriteRule {
  const [subject = '', ...clauses] = text.split(';').map((part) => part.trim());
  const given = new Map<string, string>();
  for (const clause of clauses) {
    const at = clause.indexOf('=');
    const key = clause.slice(0, at).trim();
    const value = clause.slice(at + 1).trim();
    if (at < 1 || value === '') throw new InvalidValueError(`'${clause}' says nothing; write ${form}`);
    if (given.has(key)) throw new InvalidValueError(`'${key}' stands twice; write ${form}`);
    given.set(key, value);
  }
  const { namespace, labels, conflict = 'cloud-wins', ...others } = Object.fromEntries(given);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new InvalidValueError(`'${unknown}' is not known; write ${form}`);
  return {
    ...kindOf(subject),
    ...(namespace !== undefined && { namespaces: namespacesOf(namespace) }),
    ...(labels !== undefined && { labels: selectorOf(labels) }),
    conflict: conflictPolicyOf(conflict),
  };
}

function kindOf(subject: string): { readonly group: string; readonly resource: string } {
  const [resource = '', group = '', ...more] = subject.split('/').reverse();
  if (!/^[a-z][a-z0-9-]*$/.test(resource) || !/^[a-z0-9.-]*$/.test(group) || more.length > 0) {
    throw new InvalidValueError(`'${subject}' names no resource; write ${form}, with the plural: configmaps`);
  }
  const near = group === '' ? closestName(resource, coreResources) : undefined;
  if (near !== undefined && near !== resource) throw new InvalidValueError(`'${subject}': did you mean ${near}?`);
  // The group of a custom resource has a dot.
  if (group !== '' && !group.includes('.')) throw new InvalidValueError(`'${subject}' cannot be allowed. ${kinds}`);
  const reason = whyNoRule({ group, resource });
  if (reason !== undefined) throw new InvalidValueError(`'${subject}' cannot be allowed: ${reason}. ${kinds}`);
  return { group, resource };
}

const coreResources: readonly string[] = ['configmaps', 'secrets', 'pods', 'nodes', 'persistentvolumeclaims'];
const kinds =
  'Rules are for configmaps, secrets, what of pods and nodes is not their spec, and custom resources (apps.example.com/widgets)';

function namespacesOf(value: string): readonly string[] {
  const namespaces = value.split(',').map((one) => one.trim());
  const wrong = namespaces.find((one) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(one));
  if (wrong !== undefined) throw new InvalidValueError(`namespace=${value}: '${wrong}' is no name of a namespace`);
  return namespaces;
}

function conflictPolicyOf(value: string): ConflictPolicy {
  if (!conflictPolicies.includes(value)) {
    throw new InvalidValueError(`conflict=${value} is none of ${conflictPolicies.join(', ')}`);
  }
  return value as ConflictPolicy;
}

function selectorOf(value: string): string {
  try {
    parseLabelSelector(value);
  } catch (error) {
    throw new InvalidValueError(`labels=${value}: ${(error as Error).message}`);
  }
  return value;
}
