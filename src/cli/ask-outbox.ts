// Asks the running daemon about its outbox, with the token that its own user can read.
import { readFile } from 'node:fs/promises';
import type { JsonObject } from '../apimachinery/json.ts';
import { adminTokenPath } from '../hub/admin/admin-token.ts';
import type { OutboxList } from '../hub/admin/outbox-routes.ts';
import type { EntrySummary } from '../hub/admin/outbox-view.ts';
import type { HostPort } from '../hub/option-types.ts';
import { UsageError } from '../hub/parse-options.ts';
import { askDaemon } from './ask-daemon.ts';

interface Whom {
  readonly admin: HostPort;
  readonly dataDir: string;
}

/** Without a token that can be read the daemon is asked all the same: it says where the token is. */
export async function askOutbox<Answer>({ admin, dataDir }: Whom, path: string, body?: JsonObject): Promise<Answer> {
  const token = await readFile(adminTokenPath(dataDir), 'utf8').then(
    (text) => text.trim(),
    () => undefined, // told by the daemon
  );
  return askDaemon(admin, path, { token, ...(body !== undefined && { body }) });
}

/** Those that a person means by `N` or `all`. @throws UsageError when it is neither, DaemonAnswerError when it is not there */
export async function parkedWrites(whom: Whom, word: string): Promise<readonly EntrySummary[]> {
  const number = word === 'all' ? undefined : sequenceOf(word);
  const { entries } = await askDaemon<OutboxList>(whom.admin, '/outbox');
  if (number === undefined) return entries.filter(({ state }) => state === 'parked');
  const found = entries.filter(({ sequence }) => sequence === number);
  // The daemon's own words for one that is not there.
  return found.length > 0 ? found : [await askOutbox<EntrySummary>(whom, `/outbox/${number}`)];
}

/** @throws UsageError */
export function sequenceOf(word: string): number {
  if (!/^[1-9]\d{0,14}$/.test(word)) {
    throw new UsageError([`"${word}" is no number of a write; holdfast outbox list shows them`]);
  }
  return Number(word);
}
