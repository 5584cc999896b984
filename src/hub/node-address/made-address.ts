// DIR/node-address: the address that was put on the loopback interface, and in which boot of the machine. No interface
// outlives the boot, so what is there after another one is somebody else's. Where boots cannot be told apart nothing is noted.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readBootId } from '../boot-id.ts';
import { isNoSpace } from '../files-at-start.ts';
import type { Logger } from '../logger.ts';
import { readWholeFile, writeWholeFile } from '../pki/whole-file.ts';
import type { MadeAddress } from './hold-node-address.ts';

/** @throws PkiError by `has` and `note`, when the file cannot be read or written; a full disk is only told */
export function openMadeAddress(
  dataDir: string,
  log: Logger,
  bootId: () => Promise<string | undefined> = readBootId,
): MadeAddress {
  const path = join(dataDir, 'node-address');
  const textOf = async (address: string): Promise<string | undefined> => {
    const boot = await bootId();
    return boot === undefined ? undefined : `${address} ${boot}\n`;
  };
  return {
    async has(address) {
      const noted = await readWholeFile(path);
      return noted !== undefined && noted.toString('utf8') === (await textOf(address));
    },
    async note(address) {
      try {
        const text = await textOf(address);
        if (text !== undefined) await writeWholeFile(path, text, 0o600);
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
