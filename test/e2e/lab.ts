// What an oracle case needs: a real apiserver, a recording proxy, a link that can be cut, and the hub behind it.
//
//   client → hub → relay (the link) → fault proxy (counts, answers wrongly) → kube-apiserver
//
// Promise: `cut` and `heal` resolve once the hub itself says that the link is down, or up.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from './api-client.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { isWatch, type RecordedRequest } from './fault.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Hub, startHub } from './hub.ts';
import type { LinkShape } from './link.ts';
import { type Relay, type RelayMode, startRelay } from './relay.ts';

export interface LabOptions {
  readonly controlPlane?: ControlPlaneOptions;
  /** One that runs already and that others use, too: it is not stopped with the lab. */
  readonly plane?: ControlPlane;
  /** Default `edge-1`. */
  readonly nodeName?: string;
  /** Done with the cluster before the hub comes up. */
  readonly prepare?: (plane: ControlPlane) => Promise<void>;
  readonly hubArguments?: readonly string[];
  /** Default: open. */
  readonly plainPort?: 'open' | 'off';
  /** Instead of the sources, e.g. a built bundle. */
  readonly hubProgram?: readonly [string, ...string[]];
  /** The link goes to the apiserver itself: for upgraded connections, which the proxy cannot carry. */
  readonly withoutProxy?: boolean;
}

export interface Lab {
  readonly plane: ControlPlane;
  readonly proxy: FaultProxy;
  readonly relay: Relay;
  /** The one that runs now. */
  readonly hub: Hub;
  readonly nodeName: string;
  /** Of the TLS port, with the node's certificate: as kubelet. */
  readonly node: ApiClient;
  /** Of the TLS port, with a bearer token. */
  as(token: string): ApiClient;
  /** kubeconfig for clients of the TLS port. */
  kubeconfig(credentials: 'node' | { readonly token: string }): string;
  cut(mode?: RelayMode): Promise<void>;
  heal(): Promise<void>;
  set(mode: RelayMode, shape?: Partial<LinkShape>): Promise<void>;
  status(): Promise<HubStatus>;
  /** Lines of the log with this `event`, parsed. */
  logged(event: string): LogLine[];
  /** kill -9 and a new one on the same directory and ports. */
  restartHub(): Promise<void>;
  /** What reached the proxy for this path; `watch` or `read` (LIST, GET) only. */
  upstream(path: string, kind: 'watch' | 'read'): RecordedRequest[];
  /** Resolves when this scope is complete and followed. */
  followed(gvr: string, where?: Partial<ScopeStatus>): Promise<ScopeStatus>;
  /** A ServiceAccount with these rights in the whole cluster, and a token of it. */
  account(namespace: string, name: string, rules: readonly Rule[]): Promise<string>;
  stop(): Promise<void>;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface ScopeStatus {
  readonly gvr: string;
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly complete: boolean;
  readonly following: boolean;
  readonly objects: number;
  readonly resourceVersion: string;
  readonly watchers: number;
}

interface HubStatus {
  readonly link: { readonly state: string; readonly reason: string };
  readonly scopes: readonly ScopeStatus[];
  readonly watchers: number;
  readonly upstreamWatches: number;
}

export interface LogLine {
  readonly event: string;
  readonly from?: string;
  readonly to?: string;
  readonly because?: string;
}

export const nodeName = 'edge-1';

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  await using starting = new AsyncDisposableStack(); // undone when a step fails
  const plane = options.plane ?? (await startControlPlane(options.controlPlane));
  if (plane !== options.plane) starting.defer(() => plane.stop());
  const name = options.nodeName ?? nodeName;
  await createNode(plane.admin, name);
  await options.prepare?.(plane);
  const proxy = await startFaultProxy(plane);
  starting.defer(() => proxy.stop());
  const relay = await startRelay(options.withoutProxy ? plane.apiPort : proxy.port);
  starting.defer(() => relay.stop());
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-e2e-data-'));
  starting.defer(() => rm(dataDir, { recursive: true, force: true }));
  const hubOptions = {
    kubeconfig: plane.kubeconfig(`system:node:${name}`, { server: relay.url }),
    nodeName: name,
    dataDir,
    extraArgs: options.hubArguments ?? [],
    ...(options.hubProgram && { program: options.hubProgram }),
    ...(options.plainPort && { plainPort: options.plainPort }),
  };
  let hub = await startHub({ ...hubOptions, waitFor: '/readyz' });
  starting.defer(() => hub.kill9());
  const started = starting.move();
  const credentials = plane.userCertificate(`system:node:${name}`);

  const status = async (): Promise<HubStatus> => (await hub.admin.request('GET', '/status')).body;
  const untilLink = (state: string, timeoutMs: number) =>
    eventually(
      `the hub says that the link is ${state}`,
      async () => {
        // Somebody asks, as somebody would: an idle hub looks after its link only every ten seconds.
        await hub
          .client(credentials)
          .request('GET', '/version', undefined, { timeoutMs: 10_000 })
          .catch(() => undefined);
        return (await status()).link.state === state;
      },
      { timeoutMs },
    );

  return {
    plane,
    proxy,
    relay,
    nodeName: name,
    get hub() {
      return hub;
    },
    get node() {
      return hub.client(credentials);
    },
    as: (token) => hub.client({ token }),
    kubeconfig: (who) =>
      who === 'node'
        ? plane.kubeconfig(`system:node:${name}`, { server: hub.apiUrl, caFile: hub.caFile })
        : plane.tokenKubeconfig(who.token, { server: hub.apiUrl, caFile: hub.caFile }),
    async cut(mode = 'reset') {
      await relay.set(mode);
      await untilLink('offline', 15_000);
    },
    async heal() {
      await relay.set('pass');
      await untilLink('online', 30_000);
    },
    set: (mode, shape) => relay.set(mode, shape),
    status,
    logged: (event) =>
      hub.log.flatMap((line) => {
        const parsed = parseLine(line);
        return parsed?.event === event ? [parsed] : [];
      }),
    async restartHub() {
      const { ports } = hub;
      await hub.kill9();
      hub = await startHub({ ...hubOptions, ports });
    },
    upstream: (path, kind) =>
      proxy.requests.filter((request) => request.path === path && isWatch(request) === (kind === 'watch')),
    followed: (gvr, where = {}) =>
      eventually(`${gvr} is followed`, async () => {
        const { scopes } = await status();
        return scopes.find(
          (scope) =>
            scope.gvr === gvr &&
            scope.complete &&
            scope.following &&
            Object.entries(where).every(([key, value]) => scope[key as keyof ScopeStatus] === value),
        );
      }),
    async account(namespace, name, rules) {
      const { admin } = plane;
      const subject = { kind: 'ServiceAccount', namespace, name };
      const rbac = '/apis/rbac.authorization.k8s.io/v1';
      const metadata = { name: `${namespace}-${name}` };
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name };
      await admin.expect('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
      await admin.expect('POST', `${rbac}/clusterroles`, { metadata, rules });
      await admin.expect('POST', `${rbac}/clusterrolebindings`, { metadata, roleRef, subjects: [subject] });
      return plane.serviceAccountToken(namespace, name);
    },
    stop: () => started.disposeAsync(),
  };
}

export async function createNode(admin: ApiClient, name: string): Promise<void> {
  await admin.expect('POST', '/api/v1/nodes', {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, zone: 'north' } },
    spec: { podCIDR: '10.244.1.0/24' },
  });
  await admin.expect('PATCH', `/api/v1/nodes/${name}/status`, {
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.17' }] },
  });
}

/** A pod that is bound to a node, as the scheduler would have bound it. */
export function podOf(name: string, node: string, spec: object = {}): object {
  return {
    metadata: { name, labels: { app: 'web' } },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'registry.example/web:1' }], ...spec },
  };
}

/** `count` requests, eight at a time. */
export async function many(count: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

function parseLine(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined; // not of the hub's log, e.g. a warning of Node itself
  }
}
