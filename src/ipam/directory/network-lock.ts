// Host-local's own lock: flock(2) on the file `lock` of the network's directory, so that ours and host-local exclude each
// other. Node has no flock; the program `flock` locks the open file that it is given, and the lock stays with us when it
// ends. The kernel drops it with the file, whatever we die of.
import type { SpawnSyncReturns } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { CniError, cniErrorCode } from '../cni/cni-error.ts';

/** @returns whether the lock is held: without a `flock` on the machine it cannot be, and correctness rests on link(2). */
export type LockNetwork = <T>(path: string, timeoutMs: number, work: (isExclusive: boolean) => T) => T;

/** Where it is as a rule, then wherever a runtime's PATH leads to: looking for it there costs an attempt in each directory. */
const flockPrograms = ['/usr/bin/flock', 'flock', '/bin/flock'];

/**
 * @param say is told once when there is no `flock`
 * @throws CniError of code 11 when somebody else keeps the lock for longer than `timeoutMs`
 */
export const createNetworkLock =
  (say: (line: string) => void, programs: readonly string[] = flockPrograms): LockNetwork =>
  (path, timeoutMs, work) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_CREAT, 0o750);
    try {
      return work(flock(fd, { path, timeoutMs, say, programs }));
    } finally {
      closeSync(fd);
    }
  };

/** Loaded when needed: the verbs that only read take no lock. */
const childProcess = (): typeof import('node:child_process') => process.getBuiltinModule('node:child_process');

interface Locking {
  readonly path: string;
  readonly timeoutMs: number;
  readonly say: (line: string) => void;
  readonly programs: readonly string[];
}

function flock(fd: number, { path, timeoutMs, say, programs }: Locking): boolean {
  for (const program of programs) {
    // Busybox has no `-w`, so the time is kept here.
    const done: SpawnSyncReturns<Buffer> = childProcess().spawnSync(program, ['-x', '3'], {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    if (done.status === 0) return true;
    const code = (done.error as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'ENOENT') continue;
    if (code === 'ETIMEDOUT') {
      throw new CniError(cniErrorCode.tryAgainLater, `${path} is locked by another process for over ${timeoutMs} ms`);
    }
    if (done.error !== undefined) throw done.error;
    throw new CniError(cniErrorCode.internal, `cannot lock ${path}: ${done.stderr.toString('utf8').trim()}`);
  }
  say(`no flock on this machine: ${path} is not locked, and only the making of a file excludes others`);
  return false;
}
