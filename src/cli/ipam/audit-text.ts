// What `holdfast ipam audit` prints. Pure.
import { endsBeforeItBegan } from '../../ipam/inspect/tenure.ts';
import { printable } from '../printable.ts';
import { textTable } from '../text-table.ts';
import type { NetworkTenure } from './audit.ts';

export interface AuditQuestion {
  readonly what: string;
  /** RFC 3339; undefined when there is no log. */
  readonly beganAt: string | undefined;
  /** Nothing can be known of the time that was asked for. */
  readonly isBeforeLog: boolean;
  /** A sentence. */
  readonly where: string;
}

export function renderAudit(
  shown: readonly NetworkTenure[],
  { what, beganAt, isBeforeLog, where }: AuditQuestion,
): string {
  if (shown.length > 0) {
    const head = ['NETWORK', 'ADDRESS', 'POD', 'INTERFACE', 'AS', 'FROM', 'UNTIL', 'CONTAINER', 'REASON'];
    return textTable([head, ...shown.map((one) => rowOf(one).map(printable))]).join('\n');
  }
  if (beganAt === undefined)
    return `Nothing was written down yet: holdfast-ipam has given no address out. ${printable(where)}`;
  if (isBeforeLog) return `The log tells nothing of that time: its oldest line is of ${printable(beganAt)}.`;
  return `Nobody that the log knows of: ${what} was neither held nor kept then. Its oldest line is of ${printable(beganAt)}.`;
}

function rowOf(tenure: NetworkTenure): readonly string[] {
  const { network, address, key, how, from, until, containerId, reason } = tenure;
  const [pod = '', ifname = ''] = key.split(' ');
  return [
    network,
    address,
    pod === '' ? '(no pod)' : pod,
    ifname,
    how,
    from ?? 'before the log',
    `${until ?? 'now'}${endsBeforeItBegan(tenure) ? ' (the clock was set back)' : ''}`,
    /^[0-9a-f]{64}$/.test(containerId) ? containerId.slice(0, 12) : containerId,
    reason,
  ];
}
