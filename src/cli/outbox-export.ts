// `holdfast outbox export`: copies of everything that waits or is parked, in a file that its owner alone can read.
import { constants, copyFile, open, rm } from 'node:fs/promises';
import type { ExportAnswer } from '../hub/admin/outbox-routes.ts';
import { askOutbox } from './ask-outbox.ts';
import type { Invocation, Terminal } from './command.ts';
import { exportOptions } from './commands.ts';
import { readOptions } from './read-options.ts';

export async function outboxExport({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, to, ...whom } = await readOptions(exportOptions, flags, terminal);
  const { path, entries } = await askOutbox<ExportAnswer>(whom, '/outbox/export', {});
  if (to !== undefined) await move(path, to);
  const answer: ExportAnswer = { path: to ?? path, entries };
  const count = `${entries} ${entries === 1 ? 'write' : 'writes'}`;
  const text = `${count} exported to ${answer.path}, values of Secrets in the clear. Remove it when it has served.`;
  terminal.print(output === 'json' ? JSON.stringify(answer, null, 2) : text);
  return 0;
}

/** Across file systems, too. Mode 0600 goes along. The first copy goes when the other is on disk. */
async function move(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await using file = await open(to, 'r+');
    await file.sync();
  } catch (cause) {
    throw new Error(`the export stays in ${from}, for it cannot be put to ${to}`, { cause });
  }
  await rm(from);
}
