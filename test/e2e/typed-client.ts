// client-go's typed client of ConfigMaps in a process of its own (typed-client/main.go), told what to do line by line.
import { spawn } from 'node:child_process';
import { binaries } from './build-binaries.ts';
import { theGuardian } from './guardian.ts';
import { LineReader } from './line-reader.ts';

export interface Order {
  readonly do: 'create' | 'update' | 'get' | 'list' | 'delete';
  readonly name?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly resourceVersion?: string;
}

export interface Report {
  /** Media type of the request's body. */
  readonly Sent?: string;
  readonly Answered?: string;
  /** `X-Holdfast-Source` */
  readonly Source?: string;
  // biome-ignore lint/suspicious/noExplicitAny: as Go encodes it
  readonly Object?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as Go encodes it
  readonly Status?: any;
  /** What is no answer of an apiserver. */
  readonly Error?: string;
}

export interface TypedClient {
  /** One at a time. */
  send(order: Order): Promise<Report>;
  stop(): Promise<void>;
}

export async function startTypedClient(options: {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Instead of what client-go accepts by itself. */
  readonly accept?: string;
}): Promise<TypedClient> {
  const { 'typed-client': program } = await binaries(['typed-client']);
  const args = [`-kubeconfig=${options.kubeconfig}`, `-namespace=${options.namespace}`];
  const child = spawn(program, [...args, `-accept=${options.accept ?? ''}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const key = `typed-client ${child.pid}`;
  theGuardian().onCrash(key, `kill -9 ${child.pid}`);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const reports = new LineReader<Report>([child.stdout], (line) => JSON.parse(line));
  const errors = new LineReader<string>([child.stderr], (line) => line);
  return {
    async send(order) {
      const from = reports.all.length;
      child.stdin.write(`${JSON.stringify(order)}\n`);
      try {
        return await reports.waitFor(`the answer to ${order.do}`, () => true, { from });
      } catch (cause) {
        throw new Error(`typed client: ${errors.all.slice(-5).join('\n')}`, { cause });
      }
    },
    async stop() {
      child.stdin.end();
      await ended;
      theGuardian().takeBack(key);
    },
  };
}
