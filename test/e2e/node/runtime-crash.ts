// The container runtime and all that it runs, killed at once: no DEL is sent, and what it had mounted, network namespaces among
// it, stays as it is.
import type { EdgeNode } from './edge-node.ts';

/** SIGKILL for containerd, its shims and every process of a pod. containerd is not started again. */
export async function killRuntime(node: EdgeNode): Promise<void> {
  await node.stop('containerd', 'SIGKILL');
  await node.run(['sh', '-c', killAll]);
}

const isOfTheRuntime = 'grep -qs "^containerd\\|^runc" $p/comm || grep -qs /holdfast-e2e- $p/cgroup';
const killAll = `for p in /proc/[0-9]*; do if ${isOfTheRuntime}; then kill -9 "\${p#/proc/}" || :; fi; done`;
