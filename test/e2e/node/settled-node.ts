// A node that is in use: every kind of pod runs on it, a Job is done, and somebody wants to know later what was disturbed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext, TestFn } from 'ava';
import { stringify } from 'yaml';
import type { CutMode } from './cloud.ts';
import type { EdgeNode } from './edge-node.ts';
import { type NodeLab, type NodeLabOptions, startNodeLab } from './node-lab.ts';
import type { PodFacts } from './pod-facts.ts';
import { nodeUnavailable } from './requirements.ts';
import { countOfPods, everyKindOfPod, pinningLabel, sharedDirectory, staticPod } from './workloads.ts';

/** Container ids of what runs, as the runtime has it: by the pod's name, which two pods at once would share. */
export type Running = Readonly<Record<string, string>>;

/** Starts the lab before the first test of this file, and stops it after the last. */
export function settledNode(test: TestFn, options: NodeLabOptions = {}): () => NodeLab {
  let lab: NodeLab | undefined;
  if (nodeUnavailable() === undefined) {
    test.before(async (t) => {
      t.timeout(900_000, 'the first run builds Kubernetes');
      lab = await startNodeLab({ ...options, prepare: ({ node }) => layOut(node) });
      await lab.nodeReady();
      await settle(lab);
      await lab.kubeletWorks(0); // its first Lease may come ten seconds after its Node, and of none is nothing known offline
    });
    test.after.always(() => lab?.stop());
  }
  return () => {
    if (lab === undefined) throw new TypeError('the lab is started before the first test');
    return lab;
  };
}

/** The node's own files: a static pod, and what pods share. */
export async function layOut(node: EdgeNode): Promise<void> {
  mkdirSync(node.onDisk(sharedDirectory), { recursive: true });
  turnSwitch(node, 'on');
  writeFileSync(join(node.manifestDirectory, 'beacon.yaml'), stringify(staticPod('beacon', 8091)));
}

/** Makes every kind of pod, and resolves when the cloud knows them all to be ready, and the Job done. */
export async function settle(lab: NodeLab): Promise<PodFacts[]> {
  const { admin } = lab.plane;
  for (const [path, object] of everyKindOfPod()) await admin.expect('POST', path, object);
  await admin.expect('PATCH', `/api/v1/nodes/${lab.node.name}`, { metadata: { labels: pinningLabel } });
  return lab.podsAre('every kind of pod runs', isSettled, 90_000);
}

export function isSettled(pods: readonly PodFacts[]): boolean {
  const ready = pods.filter(({ isReady, isBeingDeleted }) => isReady && !isBeingDeleted);
  return ready.length === countOfPods && pods.some((pod) => isJob(pod) && pod.phase === 'Succeeded');
}

export const isJob = ({ name }: Pick<PodFacts, 'name'>): boolean => name.startsWith('once-');

/** Resolves when the hub knows that the link is cut. A test that breaks off leaves no cut to the next one. */
export async function cutOff(t: ExecutionContext, { cloud, linkIs, get }: NodeLab, mode?: CutMode): Promise<void> {
  await cloud.cut(mode);
  t.teardown(() => cloud.heal());
  await get('/version'); // somebody asks: an idle hub looks after its link only every ten seconds
  await linkIs('offline');
}

/** `switched` is ready while it is on. */
export function turnSwitch(node: EdgeNode, state: 'on' | 'off'): void {
  putShared(node, 'switch', state);
}

/** A file that pods which share the node's directory see. */
export function putShared(node: EdgeNode, name: string, text: string): void {
  writeFileSync(node.onDisk(`${sharedDirectory}/${name}`), `${text}\n`);
}

/** How many lines pods have appended to a file that they share. */
export function linesOfShared(node: EdgeNode, name: string): number {
  return readFileSync(node.onDisk(`${sharedDirectory}/${name}`), 'utf8').split('\n').length - 1;
}

export async function whatRuns(lab: NodeLab): Promise<Running> {
  const ids: Record<string, string> = {};
  for (const { pod, name, id } of await lab.running()) {
    const key = name === 'app' ? pod : `${pod}/${name}`;
    ids[key] = key in ids ? `${ids[key]} and ${id}` : id;
  }
  return ids;
}

export function isReadyIn(pods: readonly PodFacts[], name: string): boolean {
  return pods.some((pod) => pod.name === name && pod.isReady);
}
