// A sandbox of which the runtime knows nothing any more, though nobody has told the network of its end: a DEL that never came.
import { readFileSync } from 'node:fs';
import { heldAddresses } from './addresses-on-disk.ts';
import type { EdgeNode } from './edge-node.ts';
import type { NodeLab } from './node-lab.ts';

/** kubelet and containerd are killed, and not started again. What holds the address of this pod is gone without a trace. */
export async function loseSandbox({ node, running }: NodeLab, podName: string, address: string): Promise<void> {
  const sandbox = heldAddresses(node).get(address);
  if (sandbox === undefined) throw new TypeError(`nobody has ${address}`);
  await node.stop('kubelet', 'SIGKILL');
  const containers = (await running()).filter(({ pod }) => pod === podName).map(({ id }) => id);
  const ctr = ['ctr', '-n', 'k8s.io'];
  for (const id of [...containers, sandbox]) {
    await node.run([...ctr, 'task', 'kill', '-s', 'SIGKILL', id]).catch(() => ''); // its sandbox may have ended it
    await node.run([...ctr, 'task', 'rm', '-f', id]).catch(() => ''); // containerd may have been quicker
    await node.run([...ctr, 'containers', 'rm', id]);
  }
  await node.stop('containerd', 'SIGKILL');
  const netns = netnsOf(node, address);
  await node.run(['sh', '-c', 'umount "$1" && rm "$1"', 'sh', netns]);
}

/** As the record of the address has it. */
function netnsOf(node: EdgeNode, address: string): string {
  const text = readFileSync(node.onDisk(`/var/lib/cni/networks/.retain/e2e/${address}.json`), 'utf8');
  const netns = /"netns":\s*"([^"]+)"/.exec(text)?.[1];
  if (netns === undefined) throw new TypeError(`no network namespace in ${text}`);
  return netns;
}
