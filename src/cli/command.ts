// What a subcommand is, and what it may see of the process. Tests hand in their own terminal.

import type { OptionTable } from '../hub/option.ts';
import type { Surroundings } from '../hub/option-types.ts';

export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly surroundings: Surroundings;
  /** What calls this program from any directory, for lines to paste. Default: `holdfast`. */
  readonly program?: string;
  /** Results, to standard output. The newline is added. */
  print(text: string): void;
  /** What went wrong, to standard error. The newline is added. */
  complain(text: string): void;
  /** What a person types after this question; undefined where no person is there to type. */
  readonly ask?: (question: string) => Promise<string>;
  now(): Date;
}

export interface Invocation {
  readonly arguments: readonly string[];
  readonly flags: readonly string[];
}

/** @returns the exit code: 0 done, 1 failed. Wrong usage is thrown as UsageError and becomes 2. */
export type RunCommand = (invocation: Invocation, terminal: Terminal) => Promise<number>;

export interface Command {
  /** One or two words: `run`, `cache get`. */
  readonly name: string;
  readonly summary: string;
  /** Arguments in order, as the usage line shows them; one in brackets may be left out. */
  readonly arguments: readonly string[];
  readonly options: OptionTable;
  /** Loads the code on demand, so that no command pays for another's imports. */
  load(): Promise<RunCommand>;
}
