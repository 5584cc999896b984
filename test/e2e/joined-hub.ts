// The daemon of a machine that has joined: without any word about the cluster, it takes what the join has left.
import { type Hub, startHub } from './hub.ts';

export function startJoinedHub(dataDir: string, extraArgs: readonly string[] = []): Promise<Hub> {
  return startHub({ dataDir, waitFor: '/readyz', extraArgs });
}
