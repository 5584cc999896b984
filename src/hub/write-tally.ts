// What became of writes since the start, as numbers for /metrics. Made before the cache, which tells of them from its first
// moment on.
import type { WriteClass } from '../cache/writes/policy.ts';

export const parkedBecause = ['conflict', 'refused', 'another-cluster', 'another-node'] as const;
type ParkedBecause = (typeof parkedBecause)[number];

export interface WriteTally {
  readonly accepted: Record<WriteClass, number>;
  readonly replayed: { applied: number; superseded: number };
  readonly parked: Record<ParkedBecause, number>;
}

export function createWriteTally(): WriteTally {
  return {
    accepted: {
      'node-lease': 0,
      'node-status': 0,
      node: 0,
      'pod-status': 0,
      'pod-delete': 0,
      'mirror-pod': 0,
      event: 0,
      csinode: 0,
      'pvc-status': 0,
      user: 0,
    },
    replayed: { applied: 0, superseded: 0 },
    parked: { conflict: 0, refused: 0, 'another-cluster': 0, 'another-node': 0 },
  };
}
