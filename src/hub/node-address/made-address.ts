// DIR/node-address: the address that was put on the loopback interface, and in which boot of the machine. No interface
// outlives the boot, so what is there after another one is somebody else's.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isNoSpace } from '../files-at-start.ts';
import type { Logger } from '../logger.ts';
import { readWholeFile, writeWholeFile } from '../pki/whole-file.ts';
import type { MadeAddress } from './hold-node-address.ts';

/** @throws PkiError by `has` and `note`, when the file cannot be read or written; a full disk is only told */
export function openMadeAddress(dataDir: string, log: Logger, bootId: () => Promise<string> = readBootId): MadeAddress {
  const path = join(dataDir, 'node-address');
  const textOf = async (address: string): Promise<string> => `${address} ${await bootId()}\n`;
  return {
    async has(address) {
      const noted = await readWholeFile(path);
      return noted !== undefined && noted.toString('utf8') === (await textOf(address));
    },
    async note(address) {
      try {
        await writeWholeFile(path, await textOf(address), 0o600);
      } catch (error) {
        if (!isNoSpace(error)) throw error;
        log.warn(
          { event: 'node-address.unnoted', address, error },
          'if this daemon is killed, the address stays on lo',
        );
      }
    },
    forget: () => rm(path, { force: true }),
  };
}

async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
