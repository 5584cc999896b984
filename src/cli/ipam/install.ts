// `holdfast ipam install`: pods of this node keep their addresses from now on.
import { UsageError } from '../../hub/parse-options.ts';
import { installPlugin } from '../../ipam/install/install-plugin.ts';
import { readBundle } from '../../ipam/install/read-bundle.ts';
import type { Invocation, Terminal } from '../command.ts';
import { readOptions } from '../read-options.ts';
import { bundlePath } from './bundle-path.ts';
import { installOptions } from './install-options.ts';
import { installText } from './install-text.ts';

export async function ipamInstall({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { binDir, confDir, network, all, dryRun, output } = await readOptions(installOptions, flags, terminal);
  if (all && network !== undefined) throw new UsageError(['--all and --network exclude each other: give one of them']);
  const report = installPlugin({
    binDir,
    confDir,
    network,
    isForAll: all,
    isDryRun: dryRun,
    node: process.execPath,
    bundle: readBundle(bundlePath()),
  });
  terminal.print(output === 'json' ? JSON.stringify(report, null, 2) : installText(report));
  return 0;
}
