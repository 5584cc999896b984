// How a command that prints something prints it.
import { type OptionTable, withDefault } from '../hub/option.ts';
import { choice } from '../hub/option-types.ts';

export const outputOptions = {
  output: withDefault(choice('text', 'json'), 'text', {
    flag: 'output',
    letter: 'o',
    section: 'Output',
    help: 'Text for people, or JSON for programs.',
    alsoIn: [],
  }),
} satisfies OptionTable;
