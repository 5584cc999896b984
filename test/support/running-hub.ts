// The whole hub in this process between a simulated control plane and raw HTTP clients, with a link that can be cut.
// Each one has its own ports and directory; everything ends with `stop`.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../../src/demo/control-plane.ts';
import { type Link, startLink } from '../../src/demo/link.ts';
import type { OpenPorts } from '../../src/hub/open-ports.ts';
import { type HubConfig, options } from '../../src/hub/options.ts';
import { parseOptions } from '../../src/hub/parse-options.ts';
import { runHub } from '../../src/hub/run.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly json: any;
}

export interface SeenEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly object: any;
}

export interface OpenWatch {
  readonly status: number;
  readonly events: SeenEvent[];
  readonly hasEnded: boolean;
  /** Resolves with the first event from `from` on that matches. */
  until(matches: (event: SeenEvent) => boolean, from?: number): Promise<SeenEvent>;
  readonly ended: Promise<void>;
  leave(): void;
}

export interface RunningHub {
  readonly cloud: ControlPlane;
  readonly link: Link;
  readonly url: string;
  readonly adminUrl: string;
  /** `HOST:PORT` of the TLS port. */
  readonly tlsAddress: string;
  readonly dataDir: string;
  ask(path: string, options?: AskOptions): Promise<Answer>;
  watch(path: string, options?: AskOptions): Promise<OpenWatch>;
  /** Past the hub and the link. */
  inCloud(method: string, path: string, body?: unknown): Promise<Answer>;
  cut(how?: 'refuse' | 'swallow'): Promise<void>;
  heal(): Promise<void>;
  linkState(): Promise<string>;
  untilLink(state: string): Promise<void>;
  /** A scope is complete and its upstream watch stands. */
  untilFollowed(gvr: string): Promise<void>;
  status(): Promise<Answer>;
  /** @param meanwhile between the two lives */
  restart(meanwhile?: () => void): Promise<void>;
  /** The machine is off for so long, and starts anew. */
  sleepThroughMs(ms: number): Promise<void>;
  /** The machine's clock is set, so far forward or back. */
  setClock(byMs: number): void;
  stop(): Promise<void>;
}

export interface AskOptions {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export const nodeToken = 'token-of-the-node';
const users = {
  [nodeToken]: { name: 'system:node:edge-1', groups: ['system:nodes'] },
  'token-of-a': { name: 'a', groups: [] },
  'token-of-b': { name: 'b', groups: [] },
};

export async function startRunningHub(
  cloudOptions: Partial<ControlPlaneOptions> = {},
  moreFlags: readonly string[] = [],
): Promise<RunningHub> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const cloud = await startControlPlane({ clock: systemClock, random: Math.random, tokens: users, ...cloudOptions });
  const link = await startLink({ target: { host: '127.0.0.1', port: cloud.port } });
  const kubeconfig = join(directory, 'cloud.kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(kubeconfigFor(`http://127.0.0.1:${link.port}`)));
  const dataDir = join(directory, 'hub');
  const flags = ['--kubeconfig', kubeconfig, '--data-dir', dataDir, '--node-name', 'edge-1'];
  // Not that of this machine's own pods.
  flags.push('--ipam-data-dir', join(directory, 'networks'));
  flags.push('--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--insecure-loopback', '127.0.0.1:0', ...moreFlags);
  const surroundings = { directory, homeDirectory: directory, hostName: 'edge-1', isRoot: false };
  const config = parseOptions(options, { flags, environment: {}, file: undefined }, surroundings);
  let sleptMs = 0;
  const wallClock = (): number => Date.now() + sleptMs;
  let running = await start(config, wallClock);
  const hub: RunningHub = {
    cloud,
    link,
    dataDir,
    get url() {
      return `http://${running.ports.insecureLoopback}`;
    },
    get adminUrl() {
      return `http://${running.ports.admin}`;
    },
    get tlsAddress() {
      return running.ports.listen[0]!;
    },
    ask: (path, ask = {}) => send(hub.url, path, ask),
    watch: (path, ask = {}) => openWatch(hub.url, path, ask),
    async inCloud(method, path, body) {
      const answer = await send(cloud.url, path, { method, body, token: nodeToken });
      if (answer.status >= 300) throw new Error(`${method} ${path} in the cloud: ${answer.status} ${answer.text}`);
      return answer;
    },
    async cut(how = 'refuse') {
      await link.setMode(how);
      if (how === 'refuse') await hub.untilLink('offline');
    },
    async heal() {
      await link.setMode('pass');
      await hub.untilLink('online');
    },
    linkState: async () => (await send(hub.adminUrl, '/status', {})).json.link.state,
    untilLink: (state) => eventually(async () => (await hub.linkState()) === state),
    untilFollowed: (gvr) =>
      eventually(async () => {
        const { scopes } = (await send(hub.adminUrl, '/status', {})).json;
        const mine = scopes.filter((scope: { gvr: string }) => scope.gvr === gvr);
        return (
          mine.length > 0 &&
          mine.every((scope: { complete: boolean; following: boolean }) => scope.complete && scope.following)
        );
      }),
    status: () => send(hub.adminUrl, '/status', {}),
    async restart(meanwhile = () => {}) {
      await running.stop();
      meanwhile();
      running = await start(config, wallClock);
    },
    sleepThroughMs: (ms) =>
      hub.restart(() => {
        sleptMs += ms;
      }),
    setClock(byMs) {
      sleptMs += byMs;
    },
    async stop() {
      await running.stop();
      await link.close();
      await cloud.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await hub.inCloud('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default' },
  });
  await hub.inCloud('POST', '/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes' },
    spec: { ports: [{ port: 443 }] },
  });
  await hub.untilLink('online');
  await hub.untilFollowed('v1/pods');
  await hub.untilFollowed('v1/nodes');
  return hub;
}

async function start(
  config: HubConfig,
  wallClock: () => number,
): Promise<{ readonly ports: OpenPorts; stop(): Promise<void> }> {
  const ending = new AbortController();
  const { promise, resolve } = Promise.withResolvers<OpenPorts>();
  const finished = runHub(config, { signal: ending.signal, onReady: resolve, writeLog: () => {}, wallClock });
  const ports = await Promise.race([promise, finished.then(() => Promise.reject(new Error('the hub ended at once')))]);
  return {
    ports,
    stop: async () => {
      ending.abort();
      await finished;
    },
  };
}

async function send(origin: string, path: string, ask: AskOptions): Promise<Answer> {
  const { method = 'GET', token, headers } = ask;
  const body = ask.body === undefined ? undefined : Buffer.from(JSON.stringify(ask.body));
  const outgoing = request(`${origin}${path}`, {
    method,
    agent: false,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(body.length) }),
      ...headers,
    },
  });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  const isJson = String(response.headers['content-type']).includes('json') && text !== '';
  return { status: response.statusCode, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

async function openWatch(origin: string, path: string, { token, headers }: AskOptions): Promise<OpenWatch> {
  const outgoing = get(`${origin}${path}`, {
    agent: false,
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
  });
  const [response] = await once(outgoing, 'response');
  const events: OpenWatch['events'] = [];
  const listeners = new Set<() => void>();
  let rest = '';
  let hasEnded = false;
  response.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop()!;
    for (const line of lines) events.push(JSON.parse(line));
    for (const listener of [...listeners]) listener();
  });
  const ended = new Promise<void>((resolve) => {
    response.once('close', () => {
      hasEnded = true;
      resolve();
    });
  });
  response.on('error', () => {}); // a cut shows in `ended`
  outgoing.on('error', () => {}); // leave() destroys the request
  return {
    status: response.statusCode,
    events,
    ended,
    get hasEnded() {
      return hasEnded;
    },
    until: (matches, from = 0) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = events.slice(from).find(matches);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
      }),
    leave: () => outgoing.destroy(),
  };
}

/** Asks again until it holds; the test's own time limit is the bound. */
export async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

function kubeconfigFor(server: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: nodeToken } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
}

export function configMap(
  name: string,
  data: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data };
}

/** The cloud lives: its versions pass those that were given out here. */
export async function goOn(hub: RunningHub): Promise<void> {
  for (let n = 0; n < 5; n += 1) {
    await hub.inCloud('PUT', '/api/v1/namespaces/default', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'default', labels: { n: `${Math.random()}` } },
    });
  }
}
