// A bounded load of writes against one address, each writer on a connection of its own.
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { Target } from './load.ts';
import { median, percentile } from './process-figures.ts';

export interface WriteCall {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly contentType?: string;
  readonly body: object;
}

export interface WriteWork {
  readonly writers: number;
  readonly writes: number;
  /** @param index of all writes, from 0 */
  readonly call: (index: number, writer: number) => WriteCall;
}

export interface WriteCost {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

export async function writeLoad(target: Target, { writers, writes, call }: WriteWork): Promise<WriteCost> {
  const latencies: number[] = [];
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const pool = { keepAlive: true, maxSockets: 1 };
      const agent = target.tls === undefined ? new Agent(pool) : new TlsAgent({ ...pool, ...target.tls });
      while (next < writes) {
        const started = performance.now();
        await writeOnce(target, call(next++, writer), agent);
        latencies.push(performance.now() - started);
      }
      agent.destroy();
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  return { perSecond: writes / seconds, medianMs: median(latencies), p99Ms: percentile(latencies, 0.99) };
}

async function writeOnce(
  target: Target,
  { method, path, contentType = 'application/json', body }: WriteCall,
  agent: Agent | TlsAgent,
): Promise<void> {
  const payload = Buffer.from(JSON.stringify(body));
  const headers = { accept: 'application/json', 'content-type': contentType, 'content-length': payload.length };
  const options = { method, agent, headers: { ...headers, ...target.headers } };
  const url = `${target.url}${path}`;
  const outgoing = target.tls === undefined ? httpRequest(url, options) : httpsRequest(url, options);
  outgoing.end(payload);
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  if (response.statusCode >= 300) {
    throw new Error(`${target.name} answered ${response.statusCode} to ${method} ${path}: ${text.slice(0, 300)}`);
  }
}
