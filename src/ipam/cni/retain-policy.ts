// How long an address stays with its pod: the `retain` block of the `ipam` section, which host-local ignores.

/**
 * Which kept addresses a full range may hand out to somebody else, the least wanted first: none at all, those whose pod
 * is known to be gone, or at last any that no sandbox holds.
 */
export type Steal = 'none' | 'released' | 'any';

export interface RetainPolicy {
  /** False: this pod's addresses come and go as with host-local. */
  readonly enabled: boolean;
  /** How long an address waits for the return of a pod of its name. */
  readonly ttlMs: number;
  /** How long an address that nobody waits for is left alone before another pod may get it. */
  readonly cooldownMs: number;
  readonly steal: Steal;
}

export const defaultRetainPolicy: RetainPolicy = {
  enabled: true,
  ttlMs: 168 * 3_600_000,
  cooldownMs: 60_000,
  steal: 'any',
};
