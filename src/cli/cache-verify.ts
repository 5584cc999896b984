// `holdfast cache verify`: checks every record on disk. Exit code 1 when something is damaged.
import { verifyStorage } from '../hub/verify-storage.ts';
import type { Invocation, Terminal } from './command.ts';
import { verifyOptions } from './commands.ts';
import { readOptions } from './read-options.ts';
import { renderVerifyReport } from './verify-text.ts';

export async function cacheVerify({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { dataDir, output } = await readOptions(verifyOptions, flags, terminal);
  const report = await verifyStorage(dataDir);
  terminal.print(output === 'json' ? JSON.stringify(report, null, 2) : renderVerifyReport(report));
  return report.isSound ? 0 : 1;
}
