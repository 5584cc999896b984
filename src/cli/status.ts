// `holdfast status`: asks the daemon and says it in plain words.
import type { HubStatus } from '../hub/admin/hub-status.ts';
import { askDaemon } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { askingOptions } from './commands.ts';
import { readOptions } from './read-options.ts';
import { renderStatus } from './status-text.ts';

export async function status({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { admin, output } = await readOptions(askingOptions, flags, terminal);
  const hub = await askDaemon<HubStatus>(admin, '/status');
  terminal.print(output === 'json' ? JSON.stringify(hub, null, 2) : renderStatus(hub));
  return 0;
}
