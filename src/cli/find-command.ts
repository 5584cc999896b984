// From the words of a command line to the command meant, its arguments and its flags. Pure.
import { parseArgs } from 'node:util';
import { closestName } from '../hub/closest-name.ts';
import type { OptionTable } from '../hub/option.ts';
import { argumentTypes, UsageError } from '../hub/parse-options.ts';
import type { Command, Invocation } from './command.ts';

export interface Found extends Invocation {
  readonly command: Command;
  readonly wantsHelp: boolean;
}

/** @throws UsageError when there is no such command, or too few or too many arguments */
export function findCommand(commands: readonly Command[], words: readonly string[]): Found {
  const command = commands.find(({ name }) => isPrefix(name.split(' '), words));
  if (command === undefined) throw new UsageError([noSuchCommand(commands, words)]);
  const rest = words.slice(command.name.split(' ').length);
  const { positionals, flags } = splitWords(command.options, rest);
  const found = { command, arguments: positionals, flags: flags.filter((flag) => !isHelp(flag)) };
  if (flags.some(isHelp)) return { ...found, wantsHelp: true };
  const least = command.arguments.filter((one) => !/^\[[^\]]*\]$/.test(one)).length;
  if (positionals.length < least || positionals.length > command.arguments.length) {
    const expected = command.arguments.length === 0 ? 'takes no arguments' : `takes ${command.arguments.join(' ')}`;
    throw new UsageError([
      `holdfast ${command.name} ${expected}, got ${positionals.join(' ') || 'none'}; options start with --`,
    ]);
  }
  return { ...found, wantsHelp: false };
}

/** The commands that the words name together: `cache` is list, get and verify. Empty when the words name one, or none. */
export function commandGroup(commands: readonly Command[], words: readonly string[]): readonly Command[] {
  if (words.length === 0) return [];
  return commands.filter(({ name }) => name.startsWith(`${words.join(' ')} `));
}

export function isHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

function isPrefix(name: readonly string[], words: readonly string[]): boolean {
  return name.every((word, index) => words[index] === word);
}

/** What follows an unknown flag stays with it, so that the flag is complained about and not its value. */
function splitWords(table: OptionTable, words: readonly string[]): { positionals: string[]; flags: string[] } {
  const types = argumentTypes(table);
  const { tokens } = parseArgs({ args: [...words], strict: false, tokens: true, options: types });
  const places = new Set<number>();
  for (const [order, token] of tokens.entries()) {
    const before = tokens[order - 1];
    const isValueOfUnknown = before?.kind === 'option' && !(before.name in types) && !isHelp(before.rawName);
    if (token.kind === 'positional' && !isValueOfUnknown) places.add(token.index);
  }
  return {
    positionals: words.filter((_, index) => places.has(index)),
    flags: words.filter((_, index) => !places.has(index)),
  };
}

function noSuchCommand(commands: readonly Command[], words: readonly string[]): string {
  const [first = ''] = words;
  const group = commandGroup(commands, [first]);
  if (group.length > 0) {
    const ways = group.map(({ name }) => `holdfast ${name}`).join(', ');
    return `holdfast ${words.slice(0, 2).join(' ')}: no such command; there are ${ways}`;
  }
  if (first.startsWith('-')) return `${first}: name a command first, for example holdfast run ${first}`;
  const nearest = closestName(
    first,
    commands.map(({ name }) => name),
  );
  return `holdfast ${first}: no such command; ${nearest ? `did you mean holdfast ${nearest}?` : '`holdfast help` lists them'}`;
}
