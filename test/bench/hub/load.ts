// A bounded load of GETs against one address, and what each cost the process behind it.
import { once } from 'node:events';
import { Agent, get as httpGet, type RequestOptions } from 'node:http';
import { get as httpsGet, Agent as TlsAgent } from 'node:https';
import { cpuMs, median, percentile } from './process-figures.ts';

export interface Target {
  readonly name: string;
  readonly url: string;
  /** Whose CPU is counted; undefined for targets that are only timed. */
  readonly pid?: number;
  readonly tls?: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Work {
  readonly path: string;
  readonly requests: number;
  readonly concurrency: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Cost {
  /** CPU of the process per request, in µs; NaN without a pid. */
  readonly cpuUs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly bytes: number;
}

export async function load(target: Target, work: Work): Promise<Cost> {
  const latencies: number[] = [];
  const pool = { keepAlive: true, maxSockets: work.concurrency };
  const agent = target.tls === undefined ? new Agent(pool) : new TlsAgent({ ...pool, ...target.tls });
  let left = work.requests;
  let bytes = 0;
  const before = target.pid === undefined ? Number.NaN : cpuMs(target.pid);
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const started = performance.now();
      const got = await getOnce(target, work, agent);
      bytes += got; // after the wait: others count meanwhile
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: work.concurrency }, client));
  const cpuUs = target.pid === undefined ? Number.NaN : ((cpuMs(target.pid) - before) * 1000) / work.requests;
  agent.destroy();
  return { cpuUs, medianMs: median(latencies), p99Ms: percentile(latencies, 0.99), bytes: bytes / work.requests };
}

async function getOnce(target: Target, work: Work, agent: Agent | TlsAgent): Promise<number> {
  const headers = { accept: 'application/json', ...target.headers, ...work.headers };
  const options: RequestOptions = { agent, headers };
  const url = `${target.url}${work.path}`;
  const request = target.tls === undefined ? httpGet(url, options) : httpsGet(url, options);
  const [response] = await once(request, 'response');
  if (response.statusCode !== 200) throw new Error(`${target.name} answered ${response.statusCode} for ${work.path}`);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return bytes;
}
