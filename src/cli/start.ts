// `holdfast start`, which is `npm start`: the daemon when a cluster is named anywhere, else the demo.
import { namesCluster } from '../hub/hub-config.ts';
import { options } from '../hub/options.ts';
import type { Invocation, Terminal } from './command.ts';
import { demoOptions } from './commands.ts';
import { readOptions } from './read-options.ts';
import { readRunOptions } from './read-run-options.ts';

export async function start({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const config = await readRunOptions(flags, terminal);
  if (namesCluster(config)) return (await import('./run.ts')).runDaemon(config, terminal);
  terminal.print('No cluster is given (--kubeconfig FILE or --server URL), so this is the demo.');
  return (await import('./demo.ts')).showDemo(
    await readOptions({ ...options, ...demoOptions }, flags, terminal),
    terminal,
  );
}
