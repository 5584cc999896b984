// `holdfast help` and every `--help`: rendered from the tables of commands and options, never written twice.
import { environmentName, fileKey, type Option } from '../hub/option.ts';
import { UsageError } from '../hub/parse-options.ts';
import type { Command, Invocation, Terminal } from './command.ts';
import { commands } from './commands.ts';
import { commandGroup } from './find-command.ts';

const widthColumns = 100;

export async function help({ arguments: words }: Invocation, terminal: Terminal): Promise<number> {
  if (words.length === 0) {
    terminal.print(renderOverview(commands));
    return 0;
  }
  const command = commands.find(({ name }) => name === words.join(' '));
  const group = commandGroup(commands, words);
  if (command === undefined && group.length === 0)
    throw new UsageError([`holdfast help ${words.join(' ')}: no such command; \`holdfast help\` lists them`]);
  terminal.print(command === undefined ? renderGroup(group, words) : renderCommand(command));
  return 0;
}

export function renderOverview(all: readonly Command[]): string {
  return [
    "holdfast: an edge node's own Kubernetes apiserver. It forwards while the link is up and",
    'keeps answering truthfully while it is down.',
    '',
    'Usage: holdfast COMMAND [OPTIONS]',
    '',
    ...summaries(all),
    '',
    '`holdfast COMMAND --help` lists the options of a command. Every option can also be an environment',
    'variable (HOLDFAST_DATA_DIR for --data-dir) or a key of the --config file (dataDir).',
    'Exit codes: 0 done, 1 failed, 2 wrong usage.',
  ].join('\n');
}

/** @param words what the commands of the group have in common */
export function renderGroup(group: readonly Command[], words: readonly string[]): string {
  return [
    `Usage: holdfast ${words.join(' ')} COMMAND [OPTIONS]`,
    '',
    ...summaries(group),
    '',
    `\`holdfast ${words.join(' ')} COMMAND --help\` lists the options of one.`,
  ].join('\n');
}

function summaries(all: readonly Command[]): string[] {
  const names = all.map((one) => [one.name, ...one.arguments].join(' '));
  const column = Math.max(...names.map((name) => name.length)) + 4;
  return all.flatMap(({ summary }, index) => row(`  ${names[index]}`, column, summary));
}

export function renderCommand(command: Command): string {
  const rows = Object.values(command.options);
  const column = 4 + Math.max(0, ...rows.map((option) => usageOf(option).length));
  const sections = [...new Set(rows.map(({ section }) => section))];
  return [
    command.summary,
    '',
    `Usage: ${['holdfast', command.name, ...command.arguments].join(' ')}${rows.length > 0 ? ' [OPTIONS]' : ''}`,
    ...sections.flatMap((section) => [
      '',
      `${section}:`,
      ...rows
        .filter((option) => option.section === section)
        .flatMap((option) => row(`  ${usageOf(option)}`, column, helpOf(option))),
    ]),
  ].join('\n');
}

function usageOf({ flag, letter, placeholder }: Option<unknown>): string {
  const names = letter === undefined ? `--${flag}` : `-${letter}, --${flag}`;
  return placeholder === '' ? names : `${names} ${placeholder}`;
}

function helpOf(option: Option<unknown>): string {
  const preset = option.defaultText === undefined ? '' : ` Default: ${option.defaultText}.`;
  const places = [environmentName(option), fileKey(option)].filter((place) => place !== undefined);
  return `${option.help}${preset}${places.length > 0 ? ` [${places.join(', ')}]` : ''}`;
}

/** A term and its explanation, wrapped below itself; a long term gets a line of its own. */
function row(term: string, column: number, text: string): string[] {
  const start = Math.min(column, 44);
  const lines = wrap(text, widthColumns - start).map((line) => `${' '.repeat(start)}${line}`);
  if (term.length + 2 > start) return [term, ...lines];
  return [term.padEnd(start) + lines[0]!.slice(start), ...lines.slice(1)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
