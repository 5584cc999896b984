// Pods of every owner on the network of a node, and what becomes of their addresses when the node starts anew.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { eventually } from '../eventually.ts';
import type { EdgeNode } from './edge-node.ts';
import type { NodeLab } from './node-lab.ts';
import type { PodFacts } from './pod-facts.ts';
import { deployment, type Order, pod, podSpec } from './workloads.ts';

/** Who makes a pod anew, if anybody: the first word of its name says it. */
export type Owner = 'deployment' | 'statefulset' | 'bare' | 'static';
export const owners: readonly Owner[] = ['deployment', 'statefulset', 'bare', 'static'];

export const countOfAddressed = 10;

/** Three of a Deployment, two of a StatefulSet, three bare ones; `staticPods` are two more. */
export function addressedPods(nodeName: string): Order[] {
  const apps = '/apis/apps/v1/namespaces/default';
  const labels = { app: 'statefulset' };
  const set = {
    metadata: { name: 'statefulset' },
    spec: {
      replicas: 2,
      serviceName: 'statefulset',
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec() },
    },
  };
  const bare = ['bare-0', 'bare-1', 'bare-2'].map(
    (name): Order => ['/api/v1/namespaces/default/pods', pod(name, { spec: { nodeName } })],
  );
  return [[`${apps}/deployments`, deployment('deployment', 3)], [`${apps}/statefulsets`, set], ...bare];
}

/** As kubelet reads them from files, on the network of the pods. */
export function putStaticPods(node: EdgeNode): void {
  for (const name of ['static-0', 'static-1']) {
    writeFileSync(join(node.manifestDirectory, `${name}.yaml`), stringify(pod(name)));
  }
}

export function ownerOf({ name }: Pick<PodFacts, 'name'>): Owner {
  const owner = owners.find((one) => name.startsWith(`${one}-`));
  if (owner === undefined) throw new TypeError(`${name} is none of the addressed pods`);
  return owner;
}

/** Makes them, and resolves with their addresses by name once all are ready. */
export async function settleAddressed({ plane, node, podsAre }: NodeLab): Promise<ReadonlyMap<string, string>> {
  for (const [path, object] of addressedPods(node.name)) await plane.admin.expect('POST', path, object);
  return addresses(await podsAre('every pod has an address', areAllReady, 90_000));
}

/** After a start: resolves with the addresses once every pod runs in containers that did not run before. */
export async function addressesAnew(
  lab: NodeLab,
  before: readonly PodFacts[],
  ask: () => Promise<PodFacts[]> = lab.podsOnNode,
): Promise<ReadonlyMap<string, string>> {
  const past = new Set(before.flatMap(({ containerIds }) => containerIds));
  const isAnew = (all: readonly PodFacts[]) =>
    areAllReady(all) && all.every(({ containerIds }) => !containerIds.some((id) => past.has(id)));
  return eventually(
    'every pod is ready anew',
    async () => {
      const all = await ask();
      return isAnew(all) && addresses(all);
    },
    { timeoutMs: 120_000, everyMs: 100 },
  );
}

/** The names of the pods that have another address than before. */
export function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before].filter(([name, address]) => after.get(name) !== address).map(([name]) => name);
}

function areAllReady(all: readonly PodFacts[]): boolean {
  return (
    all.length === countOfAddressed && all.every((one) => one.isReady && one.address !== '' && !one.isBeingDeleted)
  );
}

function addresses(all: readonly PodFacts[]): ReadonlyMap<string, string> {
  return new Map(all.map(({ name, address }) => [name, address]));
}
