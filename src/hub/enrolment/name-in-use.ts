// Whether another machine lives under a node's name. Pure.
import { nodeMonitorGraceMs } from '../../apimachinery/node-monitor-grace.ts';

export interface NameEvidence {
  /** The Node object; undefined when there is none. */
  readonly node: unknown;
  /** Its Lease; undefined when there is none, or it could not be read. */
  readonly lease: unknown;
  /** Of this machine; undefined when it has none. */
  readonly machineId: string | undefined;
  /** By the cluster's clock. */
  readonly nowMs: number;
}

/** In words who lives there; undefined when nobody does, or this machine itself. */
export function nameInUse({ node, lease, machineId, nowMs }: NameEvidence): string | undefined {
  const { status } = (node ?? {}) as NodeObject;
  const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
  if (!isReady) return undefined;
  const { nodeInfo = {}, addresses = [] } = status!;
  if (machineId !== undefined && machineId !== '' && nodeInfo.machineID === machineId) return undefined;
  const renewed = Date.parse((lease as LeaseObject | undefined)?.spec?.renewTime ?? '');
  if (!Number.isNaN(renewed) && nowMs - renewed > nodeMonitorGraceMs) return undefined;
  const where = addresses.map(({ address }) => address).join(', ') || 'no address given';
  return `${where}, machine id ${nodeInfo.machineID || 'unknown'}`;
}

interface NodeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo?: { readonly machineID?: string };
    readonly addresses?: readonly { readonly address: string }[];
  };
}

interface LeaseObject {
  readonly spec?: { readonly renewTime?: string };
}
