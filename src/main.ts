// The `holdfast` command: finds the subcommand, runs it, turns what went wrong into words and an exit code
// (0 done, 1 failed, 2 wrong usage). All the rest is in cli/.
import { homedir, hostname } from 'node:os';
import type { Terminal } from './cli/command.ts';
import { commands } from './cli/commands.ts';
import { explainFailure } from './cli/explain-failure.ts';
import { commandGroup, findCommand, isHelp } from './cli/find-command.ts';
import { renderCommand, renderGroup, renderOverview } from './cli/help.ts';
import { UsageError } from './hub/parse-options.ts';

/** @param words the command line without node and script. @returns the exit code */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = words;
  if (first === undefined || first === '--help' || first === '-h') {
    terminal.print(renderOverview(commands));
    return first === undefined ? 2 : 0;
  }
  const group = commandGroup(commands, words.slice(0, -1));
  if (group.length > 0 && isHelp(words.at(-1)!)) {
    terminal.print(renderGroup(group, words.slice(0, -1)));
    return 0;
  }
  try {
    const { command, wantsHelp, ...invocation } = findCommand(commands, first === '--version' ? ['version'] : words);
    if (wantsHelp) {
      terminal.print(renderCommand(command));
      return 0;
    }
    const run = await command.load();
    return await run(invocation, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      for (const problem of error.problems) terminal.complain(`holdfast: ${problem}`);
      return 2;
    }
    terminal.complain(`holdfast: ${explainFailure(error)}`);
    return 1;
  }
}

export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreGoneReader);
  return {
    environment: process.env,
    surroundings: {
      directory: process.cwd(),
      homeDirectory: homedir(),
      hostName: hostname(),
      isRoot: process.getuid?.() === 0,
    },
    ...programOf(process.argv[1]),
    print: (text) => void process.stdout.write(`${text}\n`),
    complain: (text) => void process.stderr.write(`${text}\n`),
    now: () => new Date(),
    ...(process.stdin.isTTY && process.stderr.isTTY && { ask: askPerson }),
  };
}

/** Of the launcher or an installed command; a source file cannot be called. */
function programOf(script: string | undefined): Pick<Terminal, 'program'> {
  return script === undefined || script.endsWith('.ts') ? {} : { program: script };
}

/** Whoever closes the input, or interrupts, has answered nothing. */
async function askPerson(question: string): Promise<string> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const { promise, resolve } = Promise.withResolvers<string>();
  lines.once('close', () => resolve(''));
  lines.question(question, resolve);
  try {
    return await promise;
  } finally {
    lines.close();
  }
}

/** Whoever read our output has left (`holdfast run 2>&1 | head`): nobody is there to be told, and the node still needs us. */
function ignoreGoneReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2), processTerminal());
