// `holdfast cache list`: the scopes that the running daemon knows.
import type { ScopeStatus } from '../hub/admin/hub-status.ts';
import { askDaemon } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { askingOptions } from './commands.ts';
import { readOptions } from './read-options.ts';
import { renderScopes } from './status-text.ts';

export async function cacheList({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { admin, output } = await readOptions(askingOptions, flags, terminal);
  const { scopes } = await askDaemon<{ scopes: readonly ScopeStatus[] }>(admin, '/cache/scopes');
  terminal.print(output === 'json' ? JSON.stringify(scopes, null, 2) : renderScopes(scopes).join('\n'));
  return 0;
}
