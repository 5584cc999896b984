// `holdfast ipam install`: pods of this node keep their addresses from now on.
import { UsageError } from '../../hub/parse-options.ts';
import { installPlugin } from '../../ipam/install/install-plugin.ts';
import { readBundle } from '../../ipam/install/read-bundle.ts';
import type { Invocation, Terminal } from '../command.ts';
import { readOptions } from '../read-options.ts';
import { bundlePath } from './bundle-path.ts';
import { expectNodeOnHost, readSurroundingsOf } from './host-node.ts';
import { installOptions } from './install-options.ts';
import { installText } from './install-text.ts';

export async function ipamInstall({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { binDirs, confDir, network, all, node, copyNode, dryRun, output } = await readOptions(
    installOptions,
    flags,
    terminal,
  );
  if (all && network !== undefined) throw new UsageError(['--all and --network exclude each other: give one of them']);
  if (copyNode && node !== undefined)
    throw new UsageError(['--copy-node and --node exclude each other: give one of them']);
  const [binDir, ...otherBinDirs] = binDirs as [string, ...string[]];
  if (!copyNode) expectNodeOnHost(node, binDir, readSurroundingsOf(binDir));
  const report = installPlugin({
    binDir,
    otherBinDirs,
    confDir,
    network,
    isForAll: all,
    isDryRun: dryRun,
    node: node ?? process.execPath,
    isNodeCopied: copyNode,
    bundle: readBundle(bundlePath()),
  });
  terminal.print(output === 'json' ? JSON.stringify(report, null, 2) : installText(report));
  return 0;
}
