// In which order the cloud hears of what happened while it was away. First what keeps it from evicting pods, then what
// ends pods, then what is said of the others, then what users wrote, events last. Writes to one object keep their own
// order. Pure.
import type { WriteClass } from '../writes/policy.ts';
import { type OutboxEntry, targetPath } from './entry.ts';

const ranks: Readonly<Record<WriteClass, number>> = {
  'node-lease': 0,
  node: 1,
  'node-status': 1,
  'pod-delete': 2,
  'mirror-pod': 2,
  'pod-status': 3,
  csinode: 4,
  'pvc-status': 4,
  user: 5,
  event: 6,
};

const terminalPhases: readonly unknown[] = ['Succeeded', 'Failed'];

function rank({ class: writeClass, after }: OutboxEntry): number {
  const status = after?.status;
  const phase = typeof status === 'object' && status !== null ? (status as { phase?: unknown }).phase : undefined;
  return writeClass === 'pod-status' && terminalPhases.includes(phase) ? ranks['pod-delete'] : ranks[writeClass];
}

/** What the node says of itself. */
export function isOfNode(chain: readonly OutboxEntry[]): boolean {
  return chain.some((entry) => rank(entry) <= ranks.node);
}

/**
 * Chains of writes to one object, oldest first; a chain goes when its first entry's turn comes, and chains may go side by
 * side. A pod's last status is in one chain with its deletion.
 */
export function replayOrder(entries: readonly OutboxEntry[]): readonly (readonly OutboxEntry[])[] {
  const chains = Map.groupBy(
    entries.toSorted((a, b) => a.sequence - b.sequence),
    ({ target }) => targetPath(target),
  );
  // Groups are in the order of their first entries, and so are those of one rank.
  const byTurn = Map.groupBy(chains.values(), (chain) => Math.min(...chain.map(rank)));
  return [...byTurn.keys()].toSorted((a, b) => a - b).flatMap((turn) => byTurn.get(turn)!);
}
