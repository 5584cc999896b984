// `holdfast ipam audit IP|POD`: who had an address, or which addresses a pod had, and when.

import { UsageError } from '../../hub/parse-options.ts';
import { type Tenure, tenures, within } from '../../ipam/inspect/tenure.ts';
import type { Invocation, Terminal } from '../command.ts';
import { readOptions } from '../read-options.ts';
import { renderAudit } from './audit-text.ts';
import { readSubject, type Subject, subjectText } from './find-address.ts';
import { auditOptions } from './ipam-options.ts';
import { lookedAt, openStores } from './open-stores.ts';

export interface NetworkTenure extends Tenure {
  readonly network: string;
}

/** Exit code 1 when the log tells nothing of it. */
export async function ipamAudit({ arguments: [word = ''], flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, at, since, ...places } = await readOptions(auditOptions, flags, terminal);
  if (at !== undefined && since !== undefined) throw new UsageError(['give one of --at and --since']);
  const subject = readSubject(word);
  const nowMs = terminal.now().getTime();
  const { fromMs, untilMs } = (at ?? since)?.spanAt(nowMs) ?? { fromMs: Number.NEGATIVE_INFINITY, untilMs: nowMs };
  const stores = await openStores(places, terminal);
  const logs = stores.flatMap(({ networks, retention }) =>
    networks.map((network) => ({ network, entries: retention.audit(network) })),
  );
  const all = logs.flatMap(({ network, entries }) => tenures(entries).map((one) => ({ network, ...one })));
  const shown = within(all, fromMs, since === undefined ? untilMs : Number.POSITIVE_INFINITY).filter((one) =>
    isOf(one, subject),
  );
  const beganAt = logs
    .map(({ entries }) => entries[0]?.time)
    .filter((time) => time !== undefined)
    .sort()[0];
  if (output === 'json') terminal.print(JSON.stringify({ logBegins: beganAt ?? null, tenures: shown }, null, 2));
  else
    terminal.print(
      renderAudit(shown, {
        what: subjectText(subject),
        beganAt,
        isBeforeLog: isBefore(untilMs, beganAt),
        where: lookedAt(stores),
      }),
    );
  return shown.length > 0 ? 0 : 1;
}

const isBefore = (ms: number, time: string | undefined): boolean => time === undefined || ms < Date.parse(time);

function isOf({ address, key }: Tenure, subject: Subject): boolean {
  return subject.kind === 'address' ? address === subject.address : key.startsWith(`${subjectText(subject)} `);
}
