// A cloud, and one real node at the other end of a link: etcd, kube-apiserver, controller-manager and scheduler there;
// containerd, runc, CNI, kubelet and (unless said otherwise) the hub between them here. Promise: nothing is left of it after
// `stop`, nor when the process that started it dies, however it dies.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlugin } from '../../../scripts/build-plugin.ts';
import { installPlugin } from '../../../src/ipam/install/install-plugin.ts';
import { readBundle } from '../../../src/ipam/install/read-bundle.ts';
import { binaries } from '../build-binaries.ts';
import type { ControlPlane } from '../control-plane.ts';
import { eventually } from '../eventually.ts';
import { shellQuote, theGuardian } from '../guardian.ts';
import { keepBusy } from './busy-cluster.ts';
import { type Cloud, nodeAddress, startCloud } from './cloud.ts';
import type { RunningContainer } from './container-runtime.ts';
import { type EdgeNode, edgeNode, hubDirectory, type Service } from './edge-node.ts';
import { pauseImage, podImage } from './node-configuration.ts';
import type { RunDirectory } from './node-mounts.ts';
import { ociArchive } from './oci-archive.ts';
import { type PodFacts, podFacts } from './pod-facts.ts';

export interface NodeLabOptions {
  /** Another one for each node of a process. Default: `edge-1`. */
  readonly nodeName?: string;
  readonly hubArguments?: readonly string[];
  readonly kubeletConfiguration?: Readonly<Record<string, unknown>>;
  readonly controllerManagerArguments?: readonly string[];
  /** Who gives pods their addresses. Default: host-local. */
  readonly ipam?: 'host-local' | 'holdfast-ipam';
  /** What /run is on. Default: `memory`. */
  readonly runDirectory?: RunDirectory;
  /** Nobody else writes to the cluster. Default: somebody does, ten times a second. */
  readonly isQuiet?: boolean;
  /** The machine joins when it first starts, by these words behind `holdfast join`; else the hub is given a kubeconfig. */
  readonly join?: (cloud: Cloud) => Promise<readonly string[]>;
  /** Done with the cluster before the node is first started. */
  readonly prepare?: (lab: Pick<NodeLab, 'plane' | 'cloud' | 'node'>) => Promise<unknown>;
}

export interface NodeLab {
  readonly plane: ControlPlane;
  readonly cloud: Cloud;
  readonly node: EdgeNode;
  /** What the apiserver says of the pods of this namespace (default: of all), by name. */
  pods(namespace?: string): Promise<PodFacts[]>;
  /** What the hub says of the pods of the node, asked as kubelet. */
  podsOnNode(): Promise<PodFacts[]>;
  /** What the container runtime says of them: their running containers. */
  running(): Promise<RunningContainer[]>;
  /** Resolves when the apiserver says that the node is ready, in its present life. */
  nodeReady(timeoutMs?: number): Promise<void>;
  /** Resolves with the pods when this holds of those that the apiserver has. */
  podsAre(what: string, holds: (pods: readonly PodFacts[]) => boolean, timeoutMs?: number): Promise<PodFacts[]>;
  /** GET of the hub's admin port. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  status(): Promise<any>;
  /** The hub's own word on its link. */
  linkIs(state: 'online' | 'offline', timeoutMs?: number): Promise<void>;
  /** What `kubectl get --raw` would be told on the node, with kubelet's credentials. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** As `get`, for anything: body as JSON, or none. */
  request(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: string }>;
  /** Resolves when kubelet, by its Lease as the hub shows it, has been at work for so long from now on. */
  kubeletWorks(forMs: number): Promise<void>;
  log(service: Service): Promise<string>;
  /** Since its last start. */
  kubeletLog(): Promise<string>;
  /** Resolves when kubelet has said so, so often since its last start. */
  kubeletSays(what: RegExp, times?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startNodeLab(options: NodeLabOptions = {}): Promise<NodeLab> {
  await using starting = new AsyncDisposableStack(); // undone when a step fails
  const { nodeName = 'edge-1' } = options;
  const programs = await binaries(['kubelet', 'pod-program']);
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-node-'));
  const remove = `for i in $(seq 50); do rm -rf ${shellQuote(directory)} && break; sleep 0.1; done`;
  theGuardian().onCrash(directory, remove);
  starting.defer(async () => {
    await rm(directory, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
    theGuardian().takeBack(directory);
  });
  const imageArchive = join(directory, 'images.tar');
  const images = [
    { name: podImage, entrypoint: ['/app'] },
    { name: pauseImage, entrypoint: ['/app', 'pause'] },
  ];
  await writeFile(imageArchive, ociArchive(await readFile(programs['pod-program']), images));
  const init = [programs['pod-program'], 'pause'] as const;
  const { controllerManagerArguments, hubArguments = [] } = options;
  const cloud = await startCloud({
    directory,
    init,
    ...(controllerManagerArguments && { controllerManagerArguments }),
  });
  starting.defer(() => cloud.stop());
  const { plane } = cloud;
  if (!options.isQuiet) starting.defer(await keepBusy(plane));
  const kubeconfig = plane.kubeconfig(`system:node:${nodeName}`, { server: cloud.url });
  const launcher = join(import.meta.dirname, '..', '..', '..', 'bin', 'holdfast.mjs');
  const identity = ['--kubeconfig', kubeconfig, '--node-name', nodeName, '--data-dir', hubDirectory];
  const holdfast = (...words: readonly string[]) => [process.execPath, launcher, ...words] as const;
  const kubeletConf = '/var/lib/kubelet.conf';
  const joining = await options.join?.(cloud);
  const joinWords = ['join', ...(joining ?? []), '--data-dir', hubDirectory, '--kubelet-conf', kubeletConf];
  const joined = [holdfast(...joinWords), holdfast('run', '--data-dir', hubDirectory, ...hubArguments)];
  const script = joined.map((line) => line.map(shellQuote).join(' ')).join(' && exec ');
  const hub = joining ? (['/bin/sh', '-c', script] as const) : holdfast('run', ...identity, ...hubArguments);
  const bundle = readBundle((await buildPlugin(join(import.meta.dirname, '..', '..', '..'), directory)).path);
  const node = edgeNode({
    name: nodeName,
    address: nodeAddress,
    directory,
    programs: { kubelet: programs.kubelet, init, imageArchive, hub },
    kubeconfig,
    kubeconfigForHub: joining ? kubeletConf : `${hubDirectory}/kubeconfig`,
    clientCaFile: plane.caFile,
    runDirectory: options.runDirectory,
    ...(options.ipam === 'holdfast-ipam' && {
      installNetwork: ({ cniConfigDirectory, cniProgramDirectory }) =>
        void installPlugin({
          binDir: cniProgramDirectory,
          confDir: cniConfigDirectory,
          network: undefined,
          isForAll: false,
          isDryRun: false,
          node: process.execPath,
          bundle,
        }),
    }),
    connect: (compartment) => cloud.connect(compartment),
    disconnect: () => cloud.disconnect(),
  });
  starting.defer(() => node.powerLoss());
  if (options.kubeletConfiguration) node.configureKubelet(options.kubeletConfiguration);
  await options.prepare?.({ plane, cloud, node });
  await node.boot();
  const started = starting.move();

  const pods = async (namespace?: string) => {
    const path = namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`;
    return ((await plane.admin.expect('GET', path)).items as object[]).map(podFacts);
  };
  const status = async () => JSON.parse(await node.run(['curl', '-s', 'http://127.0.0.1:10267/status']));
  const log = (service: Service) => readFile(join(directory, 'logs', `${service}.log`), 'utf8');
  const pki = `${hubDirectory}/pki`;
  const request: NodeLab['request'] = async (method, path, body) => {
    const credentials = ['--cacert', `${pki}/ca.crt`, '--cert', `${pki}/client.crt`, '--key', `${pki}/client.key`];
    const sent = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    const asked = ['-s', '--max-time', '20', '-X', method, '-w', '\n%{http_code}', ...sent];
    const answer = await node.run(['curl', ...asked, ...credentials, `https://127.0.0.1:10268${path}`]);
    const end = answer.lastIndexOf('\n');
    return { status: Number(answer.slice(end + 1)), body: answer.slice(0, end) };
  };
  const kubeletLog = async () => {
    const whole = await log('kubelet');
    return whole.slice(whole.lastIndexOf('"Kubelet version"'));
  };
  const get = (path: string) => request('GET', path);
  return {
    plane,
    cloud,
    node,
    pods,
    running: async () => (await node.containers()).filter(({ state }) => state === 'running'),
    async nodeReady(timeoutMs = 60_000) {
      await eventually(
        'the node is ready',
        async () => {
          const { status } = await plane.admin.expect('GET', `/api/v1/nodes/${nodeName}`);
          const isReady = status.conditions.some(
            (condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True',
          );
          return status.nodeInfo.bootID === node.bootId && isReady;
        },
        { timeoutMs, everyMs: 50 },
      );
    },
    podsAre: (what, holds, timeoutMs = 60_000) =>
      eventually(
        what,
        async () => {
          const found = await pods();
          return holds(found) && found;
        },
        { timeoutMs, everyMs: 100 },
      ),
    status,
    async linkIs(state, timeoutMs = 30_000) {
      await eventually(`the hub says that the link is ${state}`, async () => (await status()).link.state === state, {
        timeoutMs,
        everyMs: 50,
      });
    },
    get,
    request,
    async podsOnNode() {
      const { body } = await get(`/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${nodeName}`)}`);
      return (JSON.parse(body).items as object[]).map(podFacts);
    },
    async kubeletWorks(forMs) {
      const until = Date.now() + forMs;
      const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`;
      const renewed = async () => Date.parse(JSON.parse((await get(path)).body).spec.renewTime) > until;
      await eventually('kubelet renews its lease', renewed, { timeoutMs: forMs + 30_000, everyMs: 100 });
    },
    log,
    kubeletLog,
    async kubeletSays(what, times = 1) {
      const said = async () => [...(await kubeletLog()).matchAll(new RegExp(what, 'g'))].length >= times;
      await eventually(`kubelet says ${what}`, said, { timeoutMs: 60_000, everyMs: 100 });
    },
    stop: () => started.disposeAsync(),
  };
}
