// What `holdfast doctor` prints. Pure.
import type { Finding, FindingLevel } from '../hub/doctor/finding.ts';

const levels: readonly FindingLevel[] = ['problem', 'warning', 'note'];

/** The worst first. What several subjects share is said once, with all of them. */
export function renderFindings(
  findings: readonly Finding[],
  nothingFound = 'Nothing found: this node can be cut off.',
): string {
  if (findings.length === 0) return nothingFound;
  const groups = Map.groupBy(findings, ({ level, check, says, advice }) => [level, check, says, advice].join('\0'));
  const inOrder = [...groups.values()].sort((a, b) => levels.indexOf(a[0]!.level) - levels.indexOf(b[0]!.level));
  const counts = levels.map((level) => counted(findings.filter((one) => one.level === level).length, level)).join(', ');
  return [...inOrder.map(groupText), counts].join('\n\n');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function groupText(group: readonly Finding[]): string {
  const { level, check, says, advice } = group[0]!;
  const subjects = group.map(({ subject }) => subject).filter((subject) => subject !== '');
  const shown = subjects.slice(0, 10).join(', ');
  const more = subjects.length > 10 ? ` and ${subjects.length - 10} more` : '';
  const about = subjects.length === 0 ? '' : `\n  ${shown}${more}`;
  return `${level.toUpperCase()} ${check}${about}\n  ${says}\n  → ${advice}`;
}
