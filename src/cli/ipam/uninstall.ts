// `holdfast ipam uninstall`: the networks take their addresses from host-local again.
import { uninstallPlugin } from '../../ipam/install/uninstall-plugin.ts';
import type { Invocation, Terminal } from '../command.ts';
import { readOptions } from '../read-options.ts';
import { uninstallOptions } from './install-options.ts';
import { uninstallText } from './install-text.ts';

export async function ipamUninstall({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, dryRun, force, binDirs, ...places } = await readOptions(uninstallOptions, flags, terminal);
  const report = uninstallPlugin({ ...places, binDir: binDirs[0]!, isDryRun: dryRun, isForced: force });
  terminal.print(output === 'json' ? JSON.stringify(report, null, 2) : uninstallText(report));
  return 0;
}
