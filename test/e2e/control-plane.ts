// A real Kubernetes control plane for one test file: etcd, kube-apiserver and, if wanted, kube-controller-manager.
// Promise: ports, certificates and directory are its own, and `stop()`, or a crash of the test, leaves nothing behind.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, ApiClient, type Credentials, type RequestOptions } from './api-client.ts';
import { binaries } from './build-binaries.ts';
import {
  apiserverArguments,
  auditPolicy,
  controllerManagerArguments,
  etcdArguments,
} from './control-plane-commands.ts';
import { controlPlaneFiles } from './control-plane-files.ts';
import { eventually, NeverError } from './eventually.ts';
import { shellQuote, theGuardian } from './guardian.ts';
import { type CertificateFiles, type Pki, userRequest, writeKubeconfig } from './kubeconfig.ts';
import { leasePort } from './lease.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export interface ControlPlaneOptions {
  /** Makes service accounts and kube-root-ca.crt for each namespace, collects garbage. Default false. */
  readonly controllerManager?: boolean;
  readonly apiserverArguments?: readonly string[];
  readonly controllerManagerArguments?: readonly string[];
  /** What is written to `auditLogFile`, as a policy in YAML. Default: one line for each request of a client. */
  readonly auditPolicy?: string;
  /** Where it runs, when not beside the tests. */
  readonly place?: ControlPlanePlace;
  /** Stops everything when it aborts. */
  readonly signal?: AbortSignal;
}

/** A network of its own for a control plane. */
export interface ControlPlanePlace {
  /** What runs this command there. */
  command(line: readonly string[]): readonly [string, ...string[]];
  /** Brings 127.0.0.1:PORT of that network to the same address of ours, until the place itself is gone. */
  publish(port: number): Promise<void>;
}

export interface AuditEvent {
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly responseStatus?: { readonly code: number };
}

export interface ControlPlane {
  readonly url: string;
  readonly apiPort: number;
  readonly directory: string;
  readonly caFile: string;
  readonly pki: Pki;
  /** From the call to ready, without building. */
  readonly startMs: number;
  /** As cluster admin. */
  readonly admin: ApiClient;
  request(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  userCertificate(user: string, groups?: readonly string[]): CertificateFiles;
  /** A kubeconfig file for `admin`, `system:node:NAME` or any user, of this apiserver or of another server. */
  kubeconfig(user: string, options?: { groups?: readonly string[]; server?: string; caFile?: string }): string;
  /** As `kubeconfig`, for a bearer token. */
  tokenKubeconfig(token: string, options?: { server?: string; caFile?: string }): string;
  /** A namespace in which pods can be made at once. */
  createNamespace(name: string): Promise<void>;
  serviceAccountToken(
    namespace: string,
    serviceAccount: string,
    options?: { expirationSeconds?: number; boundPod?: { name: string; uid: string }; audiences?: readonly string[] },
  ): Promise<string>;
  readonly auditLogFile: string;
  /** Requests the apiserver has answered so far, its own left out. */
  audit(): Promise<AuditEvent[]>;
  /** SIGKILL unless said otherwise: on SIGTERM the apiserver waits up to a minute for open watches. */
  stopApiserver(signal?: NodeJS.Signals): Promise<void>;
  startApiserver(): Promise<void>;
  /** The apiserver must be there. */
  restartControllerManager(): Promise<void>;
  /** The process stands still: connections are accepted by the kernel and nothing is answered. */
  freezeApiserver(): void;
  thawApiserver(): void;
  /** Forgets all but the latest versions in etcd: older ones are `410 Gone` from then on. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const wanted = [
    'etcd',
    'kube-apiserver',
    ...(options.controllerManager ? ['kube-controller-manager' as const] : []),
  ] as const;
  const programs = await binaries(wanted);
  const started = performance.now();
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
  theGuardian().onCrash(directory, `rm -rf ${shellQuote(directory)}`);
  const ports = await Promise.all([leasePort(), leasePort(), leasePort()]);
  const places = await controlPlaneFiles(
    directory,
    [ports[0].value, ports[1].value, ports[2].value],
    options.auditPolicy ?? auditPolicy,
  );
  const { pki } = places;
  const url = `https://127.0.0.1:${places.apiPort}`;
  const adminFiles = pki.issue(userRequest('admin'));
  const admin = new ApiClient({ url, caFile: pki.caFile, credentials: adminFiles });
  const running = new Map<string, ServerProcess>();
  const controllerManager = 'kube-controller-manager' as keyof typeof programs;
  let kubeconfigs = 0;

  const run = (name: keyof typeof programs, given: readonly string[]) => {
    const line = [programs[name], ...given] as const;
    const [program, ...args] = options.place?.command(line) ?? line;
    running.set(name, startServerProcess({ name, program, args, logFile: join(directory, `${name}.log`) }));
  };
  const ready = (what: string, probe: () => Promise<boolean>) =>
    eventually(
      what,
      async () => {
        for (const process of running.values()) {
          if (process.hasEnded) throw new NeverError(`${process.name} ended:\n${await process.logTail()}`);
        }
        return probe();
      },
      { timeoutMs: 90_000, everyMs: 50, signal: options.signal },
    );
  const isOk = async (path: string) =>
    (await admin.request('GET', path, undefined, { timeoutMs: 5_000 })).status === 200;
  const writeConfig = (server: string | undefined, caFile: string | undefined, credentials: Credentials) => {
    kubeconfigs += 1;
    const target = {
      server: server ?? url,
      caFile: server?.startsWith('http:') ? undefined : (caFile ?? pki.caFile),
      credentials,
    };
    return writeKubeconfig(join(directory, `${kubeconfigs}.kubeconfig`), target);
  };
  const plane: ControlPlane = {
    url,
    apiPort: places.apiPort,
    directory,
    caFile: pki.caFile,
    pki,
    admin,
    auditLogFile: places.auditLogFile,
    get startMs() {
      return startMs;
    },
    request: (method, path, body, requestOptions) => admin.request(method, path, body, requestOptions),
    userCertificate: (user, groups) => pki.issue(userRequest(user, groups)),
    kubeconfig: (user, { groups, server, caFile } = {}) =>
      writeConfig(server, caFile, pki.issue(userRequest(user, groups))),
    tokenKubeconfig: (token, { server, caFile } = {}) => writeConfig(server, caFile, { token }),
    async createNamespace(name) {
      await admin.expect('POST', '/api/v1/namespaces', { metadata: { name } });
      await defaultServiceAccount(name);
    },
    async serviceAccountToken(namespace, serviceAccount, { expirationSeconds = 3600, boundPod, audiences } = {}) {
      const boundObjectRef = boundPod && { kind: 'Pod', apiVersion: 'v1', ...boundPod };
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
      const spec = { expirationSeconds, audiences, boundObjectRef };
      return (await admin.expect('POST', path, { spec })).status.token;
    },
    async audit() {
      const lines = (await readFile(places.auditLogFile, 'utf8')).split('\n');
      return lines.slice(0, -1).map((line) => JSON.parse(line) as AuditEvent); // after the last newline: nothing, or half a line
    },
    async stopApiserver(signal = 'SIGKILL') {
      await running.get('kube-apiserver')?.stop(signal);
      running.delete('kube-apiserver');
    },
    async startApiserver() {
      if (running.has('kube-apiserver')) throw new Error('the apiserver is running');
      run('kube-apiserver', apiserverArguments(places, options.apiserverArguments));
      await ready('apiserver ready', () => isOk('/readyz'));
    },
    async restartControllerManager() {
      await running.get(controllerManager)?.stop('SIGKILL');
      runControllerManager();
    },
    freezeApiserver: () => void process.kill(running.get('kube-apiserver')!.pid, 'SIGSTOP'),
    thawApiserver: () => void process.kill(running.get('kube-apiserver')!.pid, 'SIGCONT'),
    async compact() {
      const etcd = new ApiClient({ url: `http://127.0.0.1:${places.etcdPort}` });
      const { header } = await etcd.expect('POST', '/v3/maintenance/status', {});
      await etcd.expect('POST', '/v3/kv/compaction', { revision: header.revision, physical: true });
    },
    async stop() {
      options.signal?.removeEventListener('abort', onAbort);
      await Promise.all([...running.values()].map((process) => process.stop('SIGKILL')));
      running.clear();
      await rm(directory, { recursive: true, force: true });
      theGuardian().takeBack(directory);
      for (const port of ports) port.release();
    },
  };
  const onAbort = () => void plane.stop();
  options.signal?.addEventListener('abort', onAbort);

  function runControllerManager(): void {
    const kubeconfig = plane.kubeconfig('system:kube-controller-manager');
    run(controllerManager, controllerManagerArguments(places, kubeconfig, options.controllerManagerArguments));
  }

  async function defaultServiceAccount(namespace: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    if (!options.controllerManager) {
      await admin.expect('POST', path, { metadata: { name: 'default' } });
      return;
    }
    await ready(`service account of ${namespace}`, () => isOk(`${path}/default`));
    await ready(`root certificate of ${namespace}`, () =>
      isOk(`/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt`),
    );
  }

  let startMs = 0;
  try {
    await Promise.all([places.apiPort, places.etcdPort].map((port) => options.place?.publish(port)));
    run('etcd', etcdArguments(places));
    await plane.startApiserver();
    if (options.controllerManager) runControllerManager();
    await ready('namespace default', () => isOk('/api/v1/namespaces/default'));
    await defaultServiceAccount('default');
    startMs = Math.round(performance.now() - started);
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}
