// One rule of `--offline-writes`, as text: `configmaps`, `apps.example.com/widgets;namespace=a,b;labels=tier=edge;conflict=park`.
import { parseLabelSelector } from '../apimachinery/label-selector.ts';
import type { ConflictPolicy, UserWriteRule } from '../cache/writes/policy.ts';
import { InvalidValueError, type OptionType } from './option-types.ts';

const conflictPolicies: readonly string[] = ['edge-wins', 'cloud-wins', 'park'] satisfies ConflictPolicy[];
const form = '[GROUP/]RESOURCE[;namespace=A,B][;labels=SELECTOR][;conflict=cloud-wins|edge-wins|park]';

export const offlineWrite: OptionType<UserWriteRule> = { placeholder: 'RULE', parse: parseOfflineWrite };

/** @throws InvalidValueError that says what is wrong */
export function parseOfflineWrite(text: string): UserWriteRule {
  const [subject = '', ...clauses] = text.split(';').map((part) => part.trim());
  const [resource = '', group = ''] = subject.split('/').reverse();
  if (!/^[a-z][a-z0-9]*$/.test(resource) || !/^[a-z0-9.-]*$/.test(group) || subject.split('/').length > 2) {
    throw new InvalidValueError(`'${subject}' names no resource; write ${form}, with the plural: configmaps`);
  }
  const rule: { namespaces?: readonly string[]; labels?: string; conflict: ConflictPolicy } = {
    conflict: 'cloud-wins',
  };
  for (const clause of clauses) {
    const at = clause.indexOf('=');
    const key = clause.slice(0, at);
    const value = clause.slice(at + 1);
    if (at < 1 || value === '') throw new InvalidValueError(`'${clause}' says nothing; write ${form}`);
    if (key === 'namespace') rule.namespaces = value.split(',');
    else if (key === 'labels') rule.labels = selector(value);
    else if (key === 'conflict') rule.conflict = conflictPolicy(value);
    else throw new InvalidValueError(`'${key}' is not known; write ${form}`);
  }
  return { group, resource, ...rule };
}

function conflictPolicy(value: string): ConflictPolicy {
  if (!conflictPolicies.includes(value)) {
    throw new InvalidValueError(`conflict=${value} is none of ${conflictPolicies.join(', ')}`);
  }
  return value as ConflictPolicy;
}

function selector(value: string): string {
  try {
    parseLabelSelector(value);
  } catch (error) {
    throw new InvalidValueError(`labels=${value}: ${(error as Error).message}`);
  }
  return value;
}
