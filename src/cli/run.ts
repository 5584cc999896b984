// `holdfast run`: the daemon of one node.
import { createLogger } from '../hub/create-logger.ts';
import { claimDataDirectory } from '../hub/data-directory.ts';
import { checkRunnable } from '../hub/hub-config.ts';
import type { HubConfig } from '../hub/options.ts';
import type { Invocation, Terminal } from './command.ts';
import { keepCompiledCode, keepMemorySmall } from './daemon-process.ts';
import { notifySystemd } from './notify-systemd.ts';
import { readRunOptions } from './read-run-options.ts';
import { untilSignalled } from './until-signalled.ts';

export async function run({ flags }: Invocation, terminal: Terminal): Promise<number> {
  return runDaemon(await readRunOptions(flags, terminal), terminal);
}

export async function runDaemon(config: HubConfig, terminal: Terminal): Promise<number> {
  checkRunnable(config);
  keepMemorySmall();
  await claimDataDirectory(config.dataDir);
  const compiledCode = keepCompiledCode(config.dataDir);
  const { runHub } = await import('../hub/run.ts');
  const ready = (): void => {
    compiledCode.saveLater();
    void notifySystemd(terminal);
  };
  return untilSignalled(async (signal) => {
    try {
      await runHub(config, { signal, onReady: () => ready() });
    } catch (error) {
      const log = createLogger(config, (line) => terminal.complain(line.trimEnd()));
      log.debug({ event: 'hub.failed', error }, 'the whole error, with what the system said');
      throw error;
    }
  }, terminal);
}
