// Pods that come and go in waves on the network of a node: half of them of a Deployment, which come back under other names, half
// of a StatefulSet, which come back under their own. Every other wave is forced: the new ones come before the old ones have gone.
import { eventually } from '../eventually.ts';
import type { NodeLab } from './node-lab.ts';
import type { PodFacts } from './pod-facts.ts';
import { deployment, podSpec } from './workloads.ts';

const apps = '/apis/apps/v1/namespaces/churn';
const pods = '/api/v1/namespaces/churn/pods';

export interface Wave {
  /** How many pods have gone and come back. */
  readonly cycles: number;
  readonly isForced: boolean;
  /** Of the StatefulSet's, how many have the address that they had. */
  readonly sameAddress: number;
  /** How long the slowest took from the start of its container until it was ready, in whole seconds. */
  readonly slowestReadyS: number;
}

/** So many of each kind. Resolves when all are ready. */
export async function startChurn(lab: NodeLab, each: number): Promise<void> {
  const { admin, createNamespace } = lab.plane;
  await createNamespace('churn');
  const labels = { app: 'set' };
  await admin.expect('POST', `${apps}/deployments`, deployment('many', each));
  await admin.expect('POST', `${apps}/statefulsets`, {
    metadata: { name: 'set' },
    spec: {
      replicas: each,
      serviceName: 'set',
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec() },
    },
  });
  await ready(lab, 2 * each, []);
}

/** Resolves when all are ready again, and none of before is left. */
export async function churnWave(lab: NodeLab, isForced: boolean): Promise<Wave> {
  const before = await lab.pods('churn');
  const grace = isForced ? { gracePeriodSeconds: 0 } : {};
  await lab.plane.admin.expect('DELETE', pods, { apiVersion: 'v1', kind: 'DeleteOptions', ...grace });
  const after = await ready(lab, before.length, before);
  const had = new Map(before.map(({ name, address }) => [name, address]));
  const sameAddress = after.filter(({ name, address }) => had.get(name) === address).length;
  const slowestReadyS = Math.max(...after.map(({ readyAfterS = 0 }) => readyAfterS));
  return { cycles: before.length, isForced, sameAddress, slowestReadyS };
}

/** Resolves when the cloud has none of them any more. */
export async function endChurn(lab: NodeLab): Promise<void> {
  const { admin } = lab.plane;
  for (const owner of ['deployments/many', 'statefulsets/set'])
    await admin.expect('DELETE', `${apps}/${owner}`, { propagationPolicy: 'Background' });
  await eventually('all are gone', async () => (await lab.pods('churn')).length === 0, patience);
}

const patience = { timeoutMs: 120_000, everyMs: 200 };

function ready(lab: NodeLab, count: number, before: readonly PodFacts[]): Promise<readonly PodFacts[]> {
  const past = new Set(before.map(({ uid }) => uid));
  return eventually(
    `${count} pods are ready`,
    async () => {
      const all = await lab.pods('churn');
      const isSo = all.length === count && all.every(({ uid, isReady }) => isReady && !past.has(uid));
      return isSo && all;
    },
    patience,
  );
}
