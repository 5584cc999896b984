// The cloud as one node sees it: a real control plane with scheduler in a network of its own, reached by one link that can be
// cut. Promise: when the link is cut, not one packet comes from the cloud any more, not even an answer to ARP.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binaries } from '../build-binaries.ts';
import { type ControlPlane, type ControlPlanePlace, startControlPlane } from '../control-plane.ts';
import { eventually } from '../eventually.ts';
import { startServerProcess } from '../server-process.ts';
import { type Compartment, startCompartment } from './compartment.ts';
import { pathOf } from './requirements.ts';

export const cloudAddress = '192.0.2.1';
export const nodeAddress = '192.0.2.2';

/** `drop`: every packet is lost without a word. `down`: the carrier is gone, and the kernel knows. */
export type CutMode = 'drop' | 'down';

export interface Cloud {
  readonly plane: ControlPlane;
  /** As the node reaches it. */
  readonly url: string;
  /** Lays the link's other end, eth0, into this compartment. */
  connect(node: Compartment): Promise<void>;
  disconnect(): Promise<void>;
  cut(mode?: CutMode): Promise<void>;
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export interface CloudOptions {
  /** For what is only needed while it runs; the caller makes and removes it. */
  readonly directory: string;
  readonly init: readonly [string, ...string[]];
  readonly controllerManagerArguments?: readonly string[];
}

const nft = pathOf('nft') ?? 'nft';
const link = 'node0';
/** Where a packet is first and last seen, below everything that speaks IP or ARP. */
const dropAt = (hook: string) => `chain ${hook} { type filter hook ${hook} device "${link}" priority 0; drop; };`;

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  await using starting = new AsyncDisposableStack(); // undone when a step fails
  const logFile = join(options.directory, 'cloud.log');
  const prepare = ['ip link set lo up', `ip addr add ${cloudAddress}/32 dev lo`];
  const compartment = await startCompartment({ name: 'cloud', logFile, init: options.init, prepare });
  starting.defer(() => compartment.powerOff());
  const place = placeIn(compartment, options.directory, (end) => starting.defer(end));
  const plane = await startControlPlane({
    place,
    controllerManager: true,
    apiserverArguments: ['--bind-address=0.0.0.0'],
    ...(options.controllerManagerArguments && { controllerManagerArguments: options.controllerManagerArguments }),
  });
  starting.defer(() => plane.stop());
  const programs = await binaries(['kube-scheduler']);
  const schedule = ['--leader-elect=false', '--secure-port=0', '--kube-api-qps=200', '--kube-api-burst=200'];
  const kubeconfig = plane.kubeconfig('system:kube-scheduler');
  const [program, ...args] = place.command([programs['kube-scheduler'], `--kubeconfig=${kubeconfig}`, ...schedule]);
  const log = join(plane.directory, 'kube-scheduler.log');
  const scheduler = startServerProcess({ name: 'kube-scheduler', program, args, logFile: log });
  starting.defer(() => scheduler.stop('SIGKILL'));
  const started = starting.move();

  let cutBy: CutMode | undefined;
  // With our view of the processes: the node's network is named by one.
  const inside = async (...command: string[]) => {
    const [program, ...args] = compartment.inNetwork(command);
    return (await promisify(execFile)(program, args)).stdout;
  };
  const apply = async () => {
    if (cutBy === 'drop') await inside(nft, `table netdev cut { ${dropAt('ingress')} ${dropAt('egress')} }`);
    if (cutBy === 'down') await inside('ip', 'link', 'set', link, 'down');
  };
  return {
    plane,
    url: `https://${cloudAddress}:${plane.apiPort}`,
    async connect(node) {
      await inside('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${node.pid}`);
      await inside('ip', 'addr', 'add', `${cloudAddress}/24`, 'dev', link);
      if (cutBy !== 'down') await inside('ip', 'link', 'set', link, 'up');
      await apply();
    },
    async disconnect() {
      await inside('ip', 'link', 'delete', link).catch((error: Error) => {
        // The kernel takes it away with the network of the other end, in its own time.
        if (!error.message.includes('Cannot find device')) throw error;
      });
      if ((await inside(nft, 'list', 'tables')).includes('cut')) await inside(nft, 'delete table netdev cut');
    },
    async cut(mode = 'drop') {
      cutBy = mode;
      await apply();
    },
    async heal() {
      const was = cutBy;
      cutBy = undefined;
      if (was === 'drop') await inside(nft, 'delete table netdev cut');
      if (was === 'down') await inside('ip', 'link', 'set', link, 'up');
    },
    stop: () => started.disposeAsync(),
  };
}

function placeIn(
  compartment: Compartment,
  directory: string,
  onEnd: (end: () => Promise<void>) => void,
): ControlPlanePlace {
  return {
    command: (line) => compartment.inNetwork(line),
    async publish(port) {
      const socketPath = join(directory, `door-${port}.sock`);
      const [program, ...args] = compartment.inNetwork([
        process.execPath,
        join(import.meta.dirname, 'door.ts'),
        socketPath,
        `${port}`,
      ]);
      const door = startServerProcess({ name: 'door', program, args, logFile: join(directory, 'door.log') });
      onEnd(() => door.stop('SIGKILL'));
      await eventually('there is a way into the cloud', () => existsSync(socketPath));
      const server = createServer({ allowHalfOpen: true }, (outer) => {
        const inner = connect({ path: socketPath, allowHalfOpen: true });
        outer.pipe(inner).pipe(outer);
        outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
        inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(port, '127.0.0.1', resolve);
      });
      server.unref();
      onEnd(async () => void server.close());
    },
  };
}
