// `holdfast cache get RESOURCE [NAMESPACE/]NAME`: one object as the running daemon holds it, as JSON.
import { type JsonValue, prettyJson } from '../apimachinery/json.ts';
import { askDaemon } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { askingOptions } from './commands.ts';
import { readOptions } from './read-options.ts';

export async function cacheGet(
  { arguments: [resource = '', place = ''], flags }: Invocation,
  terminal: Terminal,
): Promise<number> {
  const { admin } = await readOptions(askingOptions, flags, terminal);
  const slash = place.indexOf('/');
  const query = new URLSearchParams({ resource, name: place.slice(slash + 1) });
  if (slash >= 0) query.set('namespace', place.slice(0, slash));
  terminal.print(prettyJson(await askDaemon<JsonValue>(admin, `/cache/object?${query}`)));
  return 0;
}
