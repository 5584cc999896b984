// `holdfast outbox list`: what waits for the cloud, and what is parked.
import type { OutboxList } from '../hub/admin/outbox-routes.ts';
import { askDaemon } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { tokenOptions } from './commands.ts';
import { renderList } from './outbox-text.ts';
import { readOptions } from './read-options.ts';

export async function outboxList({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { admin, output } = await readOptions(tokenOptions, flags, terminal);
  const { entries } = await askDaemon<OutboxList>(admin, '/outbox');
  terminal.print(output === 'json' ? JSON.stringify(entries, null, 2) : renderList(entries).join('\n'));
  return 0;
}
