// How long an address stays with its pod: the `retain` block of the `ipam` section, which host-local ignores, and the
// pod's own word about it.
import { CniError, cniErrorCode } from './cni-error.ts';
import { parseDurationMs } from './duration.ts';

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

/** All that a `retain` block can say. */
export const retainWords: readonly string[] = Object.keys({
  enabled: true,
  ttl: true,
  cooldown: true,
  steal: true,
} satisfies Record<keyof RetainBlock, true>);

interface RetainBlock {
  readonly enabled?: unknown;
  readonly ttl?: unknown;
  readonly cooldown?: unknown;
  readonly steal?: unknown;
}

/** On a pod: `true`, `false`, or how long (`24h`). Anything else is as if it were not there. */
export const retainAnnotation = 'ipam.holdfast.dev/retain';

/**
 * @param block the value of `ipam.retain`; undefined when there is none
 * @throws CniError 7 for a block that cannot be understood
 */
export const retainPolicyOf = (block: unknown, annotations: Readonly<Record<string, string>>): RetainPolicy => {
  const policy = block === undefined ? defaultRetainPolicy : readBlock(block);
  const said = annotations[retainAnnotation];
  if (said === undefined) return policy;
  if (said === 'true' || said === 'false') return { ...policy, enabled: said === 'true' };
  const ttlMs = parseDurationMs(said);
  return ttlMs === undefined ? policy : { ...policy, enabled: true, ttlMs };
};

const readBlock = (block: unknown): RetainPolicy => {
  if (typeof block !== 'object' || block === null || Array.isArray(block)) {
    throw mistake('ipam.retain', block, 'write it as an object such as {"ttl": "168h"}');
  }
  const { enabled, ttl, cooldown, steal } = block as RetainBlock;
  if (enabled !== undefined && typeof enabled !== 'boolean') {
    throw mistake('ipam.retain.enabled', enabled, 'write true or false');
  }
  return {
    enabled: enabled ?? defaultRetainPolicy.enabled,
    ttlMs: durationMs('ttl', ttl) ?? defaultRetainPolicy.ttlMs,
    cooldownMs: durationMs('cooldown', cooldown) ?? defaultRetainPolicy.cooldownMs,
    steal: steal === undefined ? defaultRetainPolicy.steal : stealOf(steal),
  };
};

const durationMs = (name: string, value: unknown): number | undefined => {
  if (value === undefined) return undefined;
  const parsed = typeof value === 'string' ? parseDurationMs(value) : undefined;
  if (parsed === undefined) throw mistake(`ipam.retain.${name}`, value, 'write a duration such as "168h" or "90s"');
  return parsed;
};

const stealOf = (value: unknown): Steal => {
  const steal = (['none', 'released', 'any'] as const).find((one) => one === value);
  if (steal === undefined) throw mistake('ipam.retain.steal', value, 'write "none", "released" or "any"');
  return steal;
};

const mistake = (what: string, value: unknown, advice: string): CniError =>
  new CniError(cniErrorCode.invalidNetworkConfig, `${what} cannot be ${JSON.stringify(value)}`, { details: advice });
