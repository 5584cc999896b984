// A real small file system, and somebody who fills it up. Needs the right to mount.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** Where the file system is mounted; undefined, with the reason printed, where that is not permitted. */
export function smallDisk(t: ExecutionContext, size: string): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'holdfast-test', directory], { stdio: 'pipe' });
  } catch (error) {
    t.log(`skipped: no small file system can be mounted here (${String(error)})`);
    return undefined;
  }
  t.teardown(() => execFileSync('umount', [directory]));
  return directory;
}

/** Takes every free block, as a runaway log of another program does. */
export function fill(path: string): void {
  const file = openSync(path, 'a');
  for (const chunk of [64 * 1024, 4096, 1]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(chunk));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
  closeSync(file);
}
