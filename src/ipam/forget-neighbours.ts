// A pod that has its address again in a new sandbox has it under another link address. The kernel of the node remembers the one of
// before for up to three quarters of a minute, and what bridge announces (arp_notify) was not seen to reach it: until then the node
// does not reach the pod, and kubelet takes it for not ready. So the node is made to ask anew.
import type { SpawnSyncReturns } from 'node:child_process';

const ipPrograms = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip', '/bin/ip', 'ip'];
const timeoutMs = 2000;

/**
 * In the network namespace of this process, on all links. What cannot be done is said, and undone by time.
 * @param say of what went wrong
 */
export function forgetNeighbours(
  addresses: readonly string[],
  say: (line: string) => void,
  programs: readonly string[] = ipPrograms,
): void {
  for (const address of addresses) {
    const problem = flush(address, programs);
    if (problem !== undefined) say(`the node may look for ${address} at its former sandbox for a while: ${problem}`);
  }
}

/** Why it could not be done. Source: ip-neighbour(8). */
function flush(address: string, programs: readonly string[]): string | undefined {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  for (const program of programs) {
    const done: SpawnSyncReturns<Buffer> = spawnSync(program, ['neigh', 'flush', 'to', address], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    if (done.status === 0) return undefined;
    if ((done.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') continue;
    return done.error?.message ?? (done.stderr.toString('utf8').trim() || `${program} ended with ${done.status}`);
  }
  return 'no ip (iproute2) on this machine';
}
