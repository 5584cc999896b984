// Entries that are not this node's, in this cluster, to send: parked, with the reason, until somebody says that they are to
// be sent all the same. Pure.
import type { OutboxEntry, Parked } from './entry.ts';

/** Of a version that another cluster would not understand. */
const meaningless = { resourceVersion: '1', cloudVersion: '' };

export function ofAnotherCluster(entry: OutboxEntry, parked: Parked): OutboxEntry {
  return { ...asForeign(entry, parked), ...meaningless };
}

/** A copy of this data directory may be in use on the node that took it in: only there is it known what has been sent. */
export function isOfAnotherNode({ node, parked }: OutboxEntry, nodeName: string): boolean {
  return node !== undefined && node !== nodeName && parked?.isForeign !== true;
}

export function ofAnotherNode(entry: OutboxEntry, nodeName: string, at: number): OutboxEntry {
  const reason = `node ${entry.node} has taken it in, and this is node ${nodeName}: the data directory is a copy, or the node has another name now`;
  return asForeign(entry, { reason, code: 0, at });
}

/** One that was parked before keeps its reason. */
function asForeign({ isMine: _decided, isRetried: _retried, ...entry }: OutboxEntry, parked: Parked): OutboxEntry {
  const why = entry.state === 'parked' && entry.parked !== undefined ? entry.parked : parked;
  return { ...entry, state: 'parked', parked: { ...why, isForeign: true } };
}
