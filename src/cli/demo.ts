// `holdfast demo`: a small cluster in this process, the hub of one of its nodes in front of it, and a printed tour. All
// of it listens on loopback and lives in a directory that goes away with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../apimachinery/clock.ts';
import { startDemoCluster } from '../demo/demo-cluster.ts';
import { demoNamespace } from '../demo/population.ts';
import { tour } from '../demo/tour.ts';
import { type HubConfig, options } from '../hub/options.ts';
import { runHub } from '../hub/run.ts';
import type { Invocation, Terminal } from './command.ts';
import { demoOptions } from './commands.ts';
import { readOptions } from './read-options.ts';
import { untilSignalled } from './until-signalled.ts';

type DemoConfig = Pick<HubConfig, keyof typeof demoOptions>;

export async function demo({ flags }: Invocation, terminal: Terminal): Promise<number> {
  return showDemo(await readOptions(demoOptions, flags, terminal), terminal);
}

export function showDemo(config: DemoConfig, terminal: Terminal): Promise<number> {
  return untilSignalled(async (signal) => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
    try {
      await runDemo(config, directory, signal, terminal);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, terminal);
}

async function runDemo(config: DemoConfig, directory: string, signal: AbortSignal, terminal: Terminal): Promise<void> {
  const cluster = await startDemoCluster({ dataDir: directory, clock: systemClock, random: Math.random });
  try {
    const dataDir = join(directory, 'hub');
    const defaults = await readOptions(options, [], { ...terminal, environment: {} });
    const hubConfig: HubConfig = {
      ...defaults,
      ...config,
      kubeconfig: cluster.kubeconfigPath,
      nodeName: cluster.nodeName,
      dataDir,
      // Never that of a real node on the same machine.
      ipamDataDir: join(directory, 'addresses'),
      offlineWrites: [{ group: '', resource: 'configmaps', namespaces: [demoNamespace], conflict: 'park' }],
    };
    await runHub(hubConfig, {
      signal,
      onReady: ({ listen, insecureLoopback, admin }) => {
        const places = {
          kubeconfigPath: join(dataDir, 'kubeconfig'),
          apiUrl: `https://${listen[0]}`,
          caPath: join(dataDir, 'pki', 'ca.crt'),
          clientCertificatePath: join(dataDir, 'pki', 'client.crt'),
          clientKeyPath: join(dataDir, 'pki', 'client.key'),
          adminUrl: `http://${admin}`,
          ...(insecureLoopback !== null && { insecureUrl: `http://${insecureLoopback}` }),
          linkControlUrl: cluster.linkControlUrl,
          cloudKubeconfigPath: cluster.cloudKubeconfigPath,
          dataDir: directory,
          hubDataDir: dataDir,
          nodeName: cluster.nodeName,
          program: terminal.program ?? 'holdfast',
        };
        terminal.print(`\n${tour(places)}\n`);
      },
    });
  } finally {
    await cluster.close();
  }
}
