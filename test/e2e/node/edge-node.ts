// A node: containerd, a hub and a kubelet in a compartment of their own, on a disk that outlives it. Promise: what `powerLoss`
// leaves is what a machine has after one: the disk, and nothing of /run, no process, another boot id at the next start.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import { listPodSandboxes } from '../../../src/hub/ipam/cri/pod-sandboxes.ts';
import { eventually, NeverError } from '../eventually.ts';
import { theGuardian } from '../guardian.ts';
import type { ServerProcess } from '../server-process.ts';
import { makeCgroups, removeCgroups, removeCgroupsScript } from './cgroups.ts';
import { type Compartment, startCompartment } from './compartment.ts';
import { listContainers, type RunningContainer, readySandboxes, runtimeVersion } from './container-runtime.ts';
import { containerdConfig, kubeletConfig, type NodePlaces, network, quietSysctls } from './node-configuration.ts';
import { mountScript, type RunDirectory } from './node-mounts.ts';
import { cniDirectory, pathOf } from './requirements.ts';

export interface NodePrograms {
  readonly kubelet: string;
  /** The first process of the node. */
  readonly init: readonly [string, ...string[]];
  /** Command line of the hub. */
  readonly hub: readonly [string, ...string[]];
  /** An OCI archive with all images, the pause image among them. */
  readonly imageArchive: string;
}

export interface EdgeNodeOptions {
  readonly name: string;
  readonly address: string;
  /** Of this node only; the caller makes and removes it. */
  readonly directory: string;
  readonly programs: NodePrograms;
  /** Kubelet's, while the hub is not used. */
  readonly kubeconfig: string;
  /** Kubelet's, while it is. */
  readonly kubeconfigForHub: string;
  readonly clientCaFile: string;
  readonly runDirectory?: RunDirectory | undefined;
  /** Changes the network's configuration and programs before they are first used. */
  readonly installNetwork?: (places: NodePlaces) => void;
  /** Lays a network cable; called at each start, before anything runs. */
  connect(compartment: Compartment): Promise<void>;
  disconnect(): Promise<void>;
}

export interface BootOptions {
  /** As when the node is a container, and its kernel was not started anew with it. */
  readonly hasBootIdOfBefore?: boolean;
}

export type Service = 'containerd' | 'hub' | 'kubelet';

export interface EdgeNode {
  readonly name: string;
  /** Where a static pod is put. */
  readonly manifestDirectory: string;
  readonly cniConfigDirectory: string;
  readonly bootId: string;
  /** A path on its disk, as seen from outside, whether it runs or not: `/var/lib/…` or `/var/log/…`. */
  onDisk(path: string): string;
  /** containerd and the hub, then kubelet, as units in their order would; resolves when kubelet has been started. */
  boot(options?: BootOptions): Promise<void>;
  powerLoss(): Promise<void>;
  start(service: Service): Promise<void>;
  /** SIGTERM unless said otherwise. */
  stop(service: Service, signal?: NodeJS.Signals): Promise<void>;
  process(service: Service): ServerProcess;
  /** Lines of kubelet's configuration, from its next start on. */
  configureKubelet(more: Readonly<Record<string, unknown>>): void;
  /** False: kubelet talks to the cloud itself, from its next start on, and `boot` starts no hub. */
  useHub(isUsed: boolean): void;
  run(command: readonly string[]): Promise<string>;
  /** A further program, until the node loses its power or somebody stops it. */
  launch(name: string, program: string, args: readonly string[]): Promise<ServerProcess>;
  containers(): Promise<RunningContainer[]>;
  /** Ids of those that are ready. */
  readySandboxes(): Promise<ReadonlySet<string>>;
  /** Ids of all, ready or not, as the hub asks for them. */
  everySandbox(): Promise<ReadonlySet<string>>;
  /** Packets that came in from the cloud since the node was started. */
  packetsFromCloud(): Promise<number>;
}

export const hubDirectory = '/var/lib/holdfast';
export const runtimeSocket = '/run/containerd/containerd.sock';

/** As the unit in deploy/ gives them to the hub. */
const memorySettings = Object.fromEntries(
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'deploy', 'systemd', 'holdfast.service'), 'utf8')
    .match(/MALLOC_\w+=\d+/g)!
    .map((setting) => setting.split('=')),
);

export function edgeNode(options: EdgeNodeOptions): EdgeNode {
  const { directory, programs, name } = options;
  const file = (path: string) => join(directory, path);
  const cgroup = `holdfast-e2e-${process.pid}-${name}`;
  const places: NodePlaces = {
    cgroup,
    cniConfigDirectory: file('cni'),
    cniProgramDirectory: file('cni-programs'),
    manifestDirectory: file('manifests'),
    clientCaFile: options.clientCaFile,
  };
  for (const made of ['cni', 'cni-programs', 'manifests', 'sysctl', 'disk/lib', 'disk/log', 'disk/run', 'logs']) {
    mkdirSync(file(made), { recursive: true });
  }
  writeFileSync(file('cni/10-e2e.conflist'), JSON.stringify(network));
  const programsOfCni = cniDirectory() ?? '';
  for (const program of readdirSync(programsOfCni)) {
    symlinkSync(join(programsOfCni, program), file(`cni-programs/${program}`));
  }
  options.installNetwork?.(places);
  writeFileSync(file('containerd.toml'), containerdConfig(places));
  for (const [path, value] of quietSysctls) writeFileSync(file(`sysctl/${path.replaceAll('/', '.')}`), `${value}\n`);
  let isHubUsed = true;
  let moreOfKubelet: Readonly<Record<string, unknown>> = {};
  let compartment: Compartment | undefined;
  let bootId = '';
  let hasImages = false;
  const running = new Map<Service, ServerProcess>();
  const up = (): Compartment => {
    if (!compartment) throw new Error(`${name} is not running`);
    return compartment;
  };
  const socket = () => up().outside(runtimeSocket);

  const launch = async (service: Service, program: string, args: readonly string[]) => {
    const env = service === 'hub' ? memorySettings : {};
    const started = await up().start({ name: service, program, args, env, logFile: file(`logs/${service}.log`) });
    running.set(service, started);
    return started;
  };
  const untilServing = (service: Service, probe: () => Promise<boolean>) =>
    eventually(
      `${service} serves`,
      async () => {
        const process = running.get(service);
        if (process?.hasEnded) throw new NeverError(`${service} ended: ${await process.logTail()}`);
        return probe();
      },
      { timeoutMs: 30_000, everyMs: 10 },
    );
  const starts: Readonly<Record<Service, () => Promise<void>>> = {
    async containerd() {
      await launch('containerd', pathOf('containerd') ?? 'containerd', ['-c', file('containerd.toml')]);
      await untilServing('containerd', async () => (await runtimeVersion(socket())) !== '');
      if (hasImages) return;
      const ctr = [pathOf('ctr') ?? 'ctr', '-n', 'k8s.io', 'images', 'import', programs.imageArchive];
      await up().run(ctr, 120_000);
      hasImages = true;
    },
    async hub() {
      if (!isHubUsed) return;
      const [program, ...args] = programs.hub;
      await launch('hub', program, args);
      const ask = ['curl', '-sf', '--max-time', '2', '-o', '/dev/null', 'http://127.0.0.1:10267/livez'];
      await untilServing('hub', async () => (await up().run(ask)) === '');
    },
    async kubelet() {
      writeFileSync(file('kubelet.yaml'), stringify({ ...kubeletConfig(places), ...moreOfKubelet }));
      const kubeconfig = isHubUsed ? options.kubeconfigForHub : options.kubeconfig;
      const args = [`--config=${file('kubelet.yaml')}`, `--kubeconfig=${kubeconfig}`, `--hostname-override=${name}`];
      await launch('kubelet', programs.kubelet, [...args, `--node-ip=${options.address}`, '-v=2']);
    },
  };

  const guarded = `cgroups ${cgroup}`;
  return {
    name,
    manifestDirectory: places.manifestDirectory,
    cniConfigDirectory: places.cniConfigDirectory,
    get bootId() {
      return bootId;
    },
    onDisk: (path) => file(path.replace(/^\/var\//, 'disk/')),
    async boot({ hasBootIdOfBefore = false } = {}) {
      if (compartment) throw new Error(`${name} is running`);
      if (!hasBootIdOfBefore) bootId = randomUUID();
      writeFileSync(file('boot_id'), `${bootId}\n`);
      theGuardian().onCrash(guarded, removeCgroupsScript(cgroup));
      makeCgroups(cgroup);
      const logFile = file('logs/node.log');
      writeFileSync(logFile, '');
      const prepare = mountScript(directory, options.runDirectory);
      compartment = await startCompartment({ name, logFile, init: programs.init, prepare });
      await options.connect(compartment);
      await compartment.run(['ip', 'addr', 'add', `${options.address}/24`, 'dev', 'eth0']);
      await compartment.run(['ip', 'link', 'set', 'eth0', 'up']);
      await compartment.run(['ip', 'route', 'add', 'default', 'dev', 'eth0']);
      await Promise.all([starts.containerd(), starts.hub()]);
      await starts.kubelet();
    },
    async powerLoss() {
      await compartment?.powerOff();
      compartment = undefined;
      running.clear();
      await options.disconnect();
      removeCgroups(cgroup);
      theGuardian().takeBack(guarded);
    },
    start: (service) => starts[service](),
    async stop(service, signal = 'SIGTERM') {
      await running.get(service)?.stop(signal);
      running.delete(service);
    },
    process(service) {
      const found = running.get(service);
      if (!found) throw new Error(`${service} is not running on ${name}`);
      return found;
    },
    configureKubelet(more) {
      moreOfKubelet = more;
    },
    useHub(isUsed) {
      isHubUsed = isUsed;
    },
    run: (command) => up().run(command),
    launch: (name, program, args) => up().start({ name, program, args, logFile: file(`logs/${name}.log`) }),
    containers: () => listContainers(socket()),
    readySandboxes: () => readySandboxes(socket()),
    everySandbox: () =>
      listPodSandboxes({ socket: socket(), clock: systemClock, timeoutMs: 10_000 }, new AbortController().signal),
    async packetsFromCloud() {
      const counters = await readFile(`/proc/${up().pid}/net/dev`, 'utf8');
      return Number(/^ *eth0: *\d+ +(\d+)/m.exec(counters)?.[1]);
    },
  };
}
