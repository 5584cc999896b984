// Restarts kubelet by systemd, for who asked for it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Terminal } from './command.ts';

export async function restartKubelet(terminal: Pick<Terminal, 'print' | 'complain'>): Promise<void> {
  if (!existsSync('/run/systemd/system')) {
    terminal.complain('--restart-kubelet: systemd does not run here; restart kubelet by the means that started it.');
    return;
  }
  try {
    await promisify(execFile)('systemctl', ['restart', 'kubelet']);
    terminal.print('kubelet was restarted.');
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    terminal.complain(`--restart-kubelet: systemctl restart kubelet failed: ${said}`);
  }
}
