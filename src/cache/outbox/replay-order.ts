// In which order the cloud hears of what happened while it was away. First what keeps it from evicting pods, then what
// ends pods, then what is said of the others, then what users wrote, events last. Writes to one object keep their own
// order. Pure.
import type { WriteClass } from '../writes/policy.ts';
import type { Chain, OutboxEntry } from './entry.ts';

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
export function isOfNode(chain: Chain): boolean {
  return chain.some((entry) => rank(entry) <= ranks.node);
}

/**
 * Chains may go side by side, each when its most urgent entry's turn comes: a pod's last status is in one chain with its
 * deletion. Those of one turn keep their order.
 * @param chains of writes to one object each, oldest first
 */
export function replayOrder(chains: readonly Chain[]): readonly Chain[] {
  const byTurn: Chain[][] = [];
  for (const chain of chains) {
    let turn = rank(chain[0]!);
    for (const entry of chain) turn = Math.min(turn, rank(entry));
    const sameTurn = byTurn[turn];
    if (sameTurn === undefined) byTurn[turn] = [chain];
    else sameTurn.push(chain);
  }
  return byTurn.flat();
}
