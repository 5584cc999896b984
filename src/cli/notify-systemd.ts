// Tells systemd that the ports are open, so that kubelet, which is ordered after us, is answered from its first request on.
// By systemd's own program: Node has no datagram sockets of the Unix kind. Source: sd_notify(3), systemd-notify(1).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Terminal } from './command.ts';

/** Does nothing where no systemd waits to be told. */
export async function notifySystemd({
  environment,
  complain,
}: Pick<Terminal, 'environment' | 'complain'>): Promise<void> {
  if (!environment.NOTIFY_SOCKET) return;
  try {
    await promisify(execFile)('systemd-notify', ['--ready'], { env: { ...environment } });
  } catch (error) {
    complain(`holdfast: systemd could not be told that the hub is ready, and may end it: ${(error as Error).message}`);
  }
}
