// What install and uninstall have done, or would do, for a person. Pure.
import type { InstallReport } from '../../ipam/install/install-plugin.ts';
import type { UninstallReport } from '../../ipam/install/uninstall-plugin.ts';

export function installText(report: InstallReport): string {
  const { isDryRun, plugin, pluginWas, nodeCopy, changed, already, left } = report;
  const lines = [
    ...(nodeCopy === null || nodeCopy.was === 'same'
      ? []
      : [`${nodeCopy.path}, a copy of ${nodeCopy.from}, ${would(isDryRun, 'put there')}.`]),
    pluginWas === 'same'
      ? `${plugin} is this version already.`
      : `${plugin} ${would(isDryRun, 'put there', pluginWas === 'other' ? 'replaced by this version' : 'put there')}.`,
    ...already.map((path) => `${path} takes its addresses from it already.`),
    ...changed.flatMap(({ path, diff, backup, warnings }) => [
      `${path} ${would(isDryRun, 'changed')}, what it was ${isDryRun ? 'would be kept' : 'is kept'} in ${backup}:`,
      ...indent(diff),
      ...warnings.map((warning) => `Mind: ${warning}`),
    ]),
    ...left.map((path) => `${path} takes its addresses from host-local still; --network or --all changes that.`),
  ];
  if (isDryRun) return [...lines, 'Nothing was changed (--dry-run).'].join('\n');
  if (changed.length === 0) return [...lines, isAsBefore(report) ? 'Nothing was changed.' : ''].join('\n').trimEnd();
  return [
    ...lines,
    'New pods keep their addresses from now on, those that run from their next start. Nothing has to be restarted.',
    'To go back: holdfast ipam uninstall',
  ].join('\n');
}

export function uninstallText(report: UninstallReport): string {
  const { isDryRun, plugin, pluginIs, attachments, restored, orphans } = report;
  const lines = [
    ...restored.flatMap(({ path, how, diff, backup }) => [
      how === 'bytes'
        ? `${path} ${would(isDryRun, 'put back', 'put back')} as it was, byte for byte:`
        : `${path} ${backup === undefined ? 'has no backup' : 'has been changed by somebody since'}; only the type ${isDryRun ? 'would go' : 'went'} back to host-local${backup === undefined ? '' : ` (what it was before is in ${backup})`}:`,
      ...indent(diff),
    ]),
    ...orphans.map((path) => `${path} is left: the file that it is of is gone.`),
  ];
  const nothing = lines.length === 0 && pluginIs === 'absent';
  if (nothing) return 'Nothing of holdfast-ipam is here: there is nothing to take back.';
  return [...lines, pluginLine(report, plugin, attachments), ...(isDryRun ? ['Nothing was changed (--dry-run).'] : [])]
    .filter((line) => line !== '')
    .join('\n');
}

function pluginLine({ isDryRun, pluginIs }: UninstallReport, plugin: string, attachments: readonly string[]): string {
  if (pluginIs === 'absent') return '';
  if (pluginIs === 'removed') return `${plugin} ${would(isDryRun, 'removed')}.`;
  const count = attachments.length === 1 ? '1 attachment was' : `${attachments.length} attachments were`;
  return [
    `${plugin} stays: ${count} made with it and may be ended with it (${attachments[0]}${attachments.length > 1 ? ', …' : ''}).`,
    'Run this again when those pods have been made anew. --force removes it all the same.',
  ].join('\n');
}

const isAsBefore = ({ pluginWas, nodeCopy }: InstallReport): boolean =>
  pluginWas === 'same' && (nodeCopy === null || nodeCopy.was === 'same');

const would = (isDryRun: boolean, word: string, done = word): string => (isDryRun ? `would be ${word}` : `was ${done}`);

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);
