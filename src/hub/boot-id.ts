// Which boot of which machine this is: another id after each start of the kernel.
import { readFile } from 'node:fs/promises';

/** As kubelet tells it, too; undefined where the kernel gives none. */
export async function readBootId(): Promise<string | undefined> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
