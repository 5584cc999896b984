// A pod that comes to have another address while its node runs: the range of the network is changed, and its sandbox ends.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { heldAddresses } from './addresses-on-disk.ts';
import type { EdgeNode } from './edge-node.ts';
import type { NodeLab } from './node-lab.ts';

/** Of `network` (node-configuration.ts). */
const conflist = '10-e2e.conflist';

/** What is given out from now on begins with `first`; undefined: as it was in the beginning. */
export async function beginRangeAt(node: EdgeNode, first: string | undefined): Promise<void> {
  const path = join(node.cniConfigDirectory, conflist);
  const value = JSON.parse(readFileSync(path, 'utf8'));
  value.plugins[0].ipam.ranges[0][0].rangeStart = first;
  writeFileSync(path, JSON.stringify(value));
  await node.stop('containerd'); // it reads the file when it starts; sandboxes live on
  await node.start('containerd');
}

/** SIGKILL for the sandbox that has this address. kubelet makes another. */
export async function killSandbox(node: EdgeNode, address: string): Promise<void> {
  const id = heldAddresses(node).get(address);
  if (id === undefined) throw new TypeError(`nobody has ${address}`);
  await node.run(['ctr', '-n', 'k8s.io', 'task', 'kill', '-s', 'SIGKILL', id]);
}

/** When kubelet has last found this pod ready, in milliseconds since the epoch: right before it says so to its apiserver. */
export async function foundReadyAt(lab: NodeLab, name: string): Promise<number> {
  const line =
    /I\d{4} (\d\d:\d\d:\d\d\.\d+) .*"SyncLoop \(probe\)" probe="readiness" status="ready" pod="default\/(\S+)"/g;
  const times = [...(await lab.kubeletLog()).matchAll(line)].filter(([, , pod]) => pod === name);
  const today = new Date().toISOString().slice(0, 10);
  return Date.parse(`${today}T${times.at(-1)![1]}Z`);
}
