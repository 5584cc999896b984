// Which ports the daemon has open, as `DIR/run.json` tells it to other programs of this machine while it runs.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FilesAtStart, writeOrRemove } from './files-at-start.ts';
import type { ApiPorts } from './listener/open-api-ports.ts';
import { formatHostPort, type HostPort } from './option-types.ts';
import { serverUrl } from './pki/client-kubeconfig.ts';

/** What the file says. */
export interface OpenPorts {
  readonly pid: number;
  /** `host:port` each. */
  readonly listen: readonly string[];
  readonly insecureLoopback: string | null;
  readonly admin: string;
}

type Listening = Pick<ApiPorts, 'listen' | 'insecureLoopback'>;

export function openPorts({ listen, insecureLoopback }: Listening, admin: HostPort, pid: number): OpenPorts {
  return {
    pid,
    listen: listen.map(formatHostPort),
    insecureLoopback: insecureLoopback === undefined ? null : formatHostPort(insecureLoopback),
    admin: formatHostPort(admin),
  };
}

/** `host:port` of each, as clients on this node reach them. */
export function clientServers({ listen, insecureLoopback }: Listening): readonly string[] {
  const plain = insecureLoopback === undefined ? [] : [insecureLoopback];
  return [...listen, ...plain].map((address) => new URL(serverUrl(address)).host);
}

/** For people; undefined when whoever comes in has to show who it is. */
export function plainPortWarning({ insecureLoopback }: OpenPorts): string | undefined {
  if (insecureLoopback === null) return undefined;
  return `The plain port ${insecureLoopback} is open: every process and hostNetwork pod on this machine can act as the node.`;
}

/** Until the answer is called. */
export async function announceOpenPorts(
  dataDir: string,
  files: FilesAtStart,
  ports: OpenPorts,
): Promise<() => Promise<void>> {
  const path = join(dataDir, 'run.json');
  await files.write(path, () => writeOrRemove(path, `${JSON.stringify(ports)}\n`));
  return () => rm(path, { force: true });
}
