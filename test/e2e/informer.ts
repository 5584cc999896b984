// A client-go shared informer in a process of its own (informer/main.go), with what it saw as typed events.
import { type ChildProcess, spawn } from 'node:child_process';
import { binaries } from './build-binaries.ts';
import { theGuardian } from './guardian.ts';
import { LineReader } from './line-reader.ts';

export interface ObjectEvent {
  readonly event: 'add' | 'update' | 'delete';
  readonly atMs: number;
  readonly resource: string;
  readonly key: string;
  readonly uid: string;
  readonly rv: string;
  readonly oldUid?: string;
  readonly oldRv?: string;
  /** Objects in the store when the event was handled. */
  readonly size: number;
  /** The object was missing from a new list; no watch told of its end. */
  readonly finalStateUnknown?: true;
}
export interface RequestEvent {
  readonly event: 'request';
  readonly atMs: number;
  readonly id: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly status?: number;
  readonly error?: string;
  /** `X-Holdfast-Source` */
  readonly source?: string;
}
export type InformerEvent =
  | ObjectEvent
  | RequestEvent
  | { event: 'closed'; atMs: number; id: number; bytes: number; how: string }
  | { event: 'synced'; atMs: number; resource: string; size: number; rv: string }
  | { event: 'error'; atMs: number; resource: string; message: string; reason?: string; code?: number }
  | { event: 'store'; atMs: number; number: number; stores: Record<string, StoreDump> };

export interface StoreDump {
  /** LastSyncResourceVersion */
  readonly rv: string;
  readonly synced: boolean;
  readonly objects: Readonly<Record<string, { readonly uid: string; readonly rv: string }>>;
}

export interface InformerOptions {
  readonly kubeconfig: string;
  /** As `v1/pods` or `apps/v1/deployments`. */
  readonly resources: readonly string[];
  readonly watchList: boolean;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly prefersProtobuf?: boolean;
}

export interface Informer {
  readonly pid: number;
  readonly events: readonly InformerEvent[];
  waitFor(
    what: string,
    matches: (event: InformerEvent) => boolean,
    options?: { from?: number; timeoutMs?: number },
  ): Promise<InformerEvent>;
  /** All its resources have synced. */
  synced(timeoutMs?: number): Promise<void>;
  /** The store of one resource (its only one if not named) as it is now. */
  dump(resource?: string): Promise<StoreDump>;
  stop(): Promise<void>;
}

export async function startInformer(options: InformerOptions): Promise<Informer> {
  const { informer: program } = await binaries(['informer']);
  const args = [
    `-kubeconfig=${options.kubeconfig}`,
    `-resources=${options.resources.join(',')}`,
    `-watchlist=${options.watchList}`,
    `-protobuf=${options.prefersProtobuf ?? false}`,
    `-namespace=${options.namespace ?? ''}`,
    `-selector=${options.labelSelector ?? ''}`,
    `-field-selector=${options.fieldSelector ?? ''}`,
  ];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} could not be started`);
  const key = `informer ${pid}`;
  theGuardian().onCrash(key, `kill -9 ${pid}`);
  const ended = endOf(child).then(() => theGuardian().takeBack(key));
  const lines = new LineReader<InformerEvent>([child.stdout], (line) => {
    const { at, ...event } = JSON.parse(line);
    return { ...event, atMs: at };
  });
  const errors = new LineReader<string>([child.stderr], (line) => line);
  const waitFor: Informer['waitFor'] = async (what, matches, waitOptions) => {
    try {
      return await lines.waitFor(what, matches, waitOptions);
    } catch (cause) {
      const last = [...lines.all.slice(-5).map((event) => JSON.stringify(event)), ...errors.all.slice(-5)].join('\n');
      throw new Error(`informer: ${(cause as Error).message}; it said last:\n${last}`, { cause });
    }
  };
  let dumps = 0;
  return {
    pid,
    events: lines.all,
    waitFor,
    async synced(timeoutMs = 30_000) {
      for (const resource of options.resources) {
        const isSynced = (event: InformerEvent) => event.event === 'synced' && event.resource === resource;
        await waitFor(`${resource} synced`, isSynced, { timeoutMs });
      }
    },
    async dump(resource = options.resources[0]) {
      dumps += 1;
      const number = dumps;
      child.kill('SIGUSR1');
      const event = await waitFor('store dump', (one) => one.event === 'store' && one.number >= number);
      const store = event.event === 'store' ? event.stores[resource ?? ''] : undefined;
      if (!store) throw new Error(`the informer does not follow ${resource}`);
      return store;
    },
    async stop() {
      child.kill('SIGTERM');
      child.stdin.end();
      await ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => void child.once('close', () => resolve()));
}
