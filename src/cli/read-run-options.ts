// Settings of the daemon. On a machine that has joined, its own cluster and name are the defaults.
import { findJoinedNode } from '../hub/enrolment/joined-node.ts';
import { namesIdentity } from '../hub/hub-config.ts';
import { type HubConfig, options } from '../hub/options.ts';
import type { Terminal } from './command.ts';
import { readOptions } from './read-options.ts';

/** @throws UsageError, KubeconfigError, JoinError */
export async function readRunOptions(flags: readonly string[], terminal: Terminal): Promise<HubConfig> {
  const config = await readOptions(options, flags, terminal);
  if (namesIdentity(config)) return config;
  const joined = await findJoinedNode(config.dataDir);
  if (joined === undefined) return config;
  // Read once more with the joined name where the machine's own is the default.
  const surroundings = { ...terminal.surroundings, hostName: joined.nodeName };
  const named = await readOptions(options, flags, { ...terminal, surroundings });
  return Object.freeze({ ...named, kubeconfig: joined.kubeconfig });
}
