// `holdfast outbox show N`: one write, field by field, beside what the cloud had.
import { type JsonValue, prettyJson } from '../apimachinery/json.ts';
import type { EntryInFull } from '../hub/admin/outbox-view.ts';
import { askOutbox, sequenceOf } from './ask-outbox.ts';
import type { Invocation, Terminal } from './command.ts';
import { tokenOptions } from './commands.ts';
import { renderEntry } from './outbox-text.ts';
import { readOptions } from './read-options.ts';

export async function outboxShow({ arguments: [word = ''], flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, ...whom } = await readOptions(tokenOptions, flags, terminal);
  const entry = await askOutbox<EntryInFull>(whom, `/outbox/${sequenceOf(word)}`);
  terminal.print(output === 'json' ? prettyJson(entry as unknown as JsonValue) : renderEntry(entry).join('\n'));
  return 0;
}
