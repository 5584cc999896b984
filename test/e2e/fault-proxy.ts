// A proxy in front of the apiserver that terminates TLS, records each request, and answers chosen ones wrongly.
// A client certificate is carried on: the proxy holds the cluster's authority and speaks for the same user upstream.
// Not for upgraded connections (exec, port-forward); the relay carries those.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as sendRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Fault, type RecordedRequest, statusOf } from './fault.ts';
import type { Pki } from './kubeconfig.ts';
import { leasePort, relayAddresses } from './lease.ts';
import { identityOf, readCredential } from './proxied-identity.ts';

export interface FaultProxy {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  readonly counters: {
    readonly connections: number;
    readonly requests: number;
    readonly bodyBytesUp: number;
    readonly bodyBytesDown: number;
  };
  /** Applies to matching requests that begin from now on, at most `times` of them; the returned function ends it. */
  inject(fault: Fault, when?: (request: RecordedRequest) => boolean, times?: number): () => void;
  stop(): Promise<void>;
}

interface Injected {
  readonly fault: Fault;
  readonly when: (request: RecordedRequest) => boolean;
  left: number;
}

export async function startFaultProxy(target: { readonly url: string; readonly pki: Pki }): Promise<FaultProxy> {
  const lease = await leasePort();
  const serving = readCredential(
    target.pki.issue({
      commonName: 'fault-proxy',
      usage: 'server',
      names: ['localhost', '127.0.0.1', ...relayAddresses],
    }),
  );
  const ca = target.pki.authority.certificate;
  const requests: RecordedRequest[] = [];
  const counters = { connections: 0, requests: 0, bodyBytesUp: 0, bodyBytesDown: 0 };
  const injected = new Set<Injected>();
  const agents = new Map<string, Agent>();
  // A TLS socket cannot send a RST: the TCP socket below it can, and is found by the client's port.
  const sockets = new Map<number, Socket>();

  const agentFor = (incoming: IncomingMessage): Agent => {
    const identity = identityOf(incoming.socket as TLSSocket);
    const key = JSON.stringify(identity ?? '');
    let agent = agents.get(key);
    if (!agent) {
      agent = new Agent({ ca, keepAlive: true, ...(identity && readCredential(target.pki.issue(identity))) });
      agents.set(key, agent);
    }
    return agent;
  };

  const server = createServer(
    { ...serving, ca, requestCert: true, rejectUnauthorized: false },
    (incoming, outgoing) => {
      const url = new URL(`https://proxy${incoming.url ?? '/'}`);
      const record: RecordedRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        certificateUser: identityOf(incoming.socket as TLSSocket)?.commonName,
        atMs: performance.now(),
        bodyBytes: 0,
      };
      requests.push(record);
      counters.requests += 1;
      incoming.on('data', (chunk: Buffer) => {
        counters.bodyBytesUp += chunk.length;
      });
      outgoing.on('close', () => {
        record.end ??= outgoing.writableFinished ? 'whole' : 'client left';
      });
      const applying = [...injected].find((one) => one.left > 0 && one.when(record));
      if (applying) applying.left -= 1;
      const exchange = {
        incoming,
        outgoing,
        record,
        counters,
        target: target.url,
        agent: () => agentFor(incoming),
        reset: () => sockets.get(incoming.socket.remotePort ?? 0)?.resetAndDestroy(),
      };
      answer(exchange, applying?.fault);
    },
  );
  server.on('connection', (socket: Socket) => {
    counters.connections += 1;
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.on('close', () => sockets.delete(port));
  });
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(lease.value, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${lease.value}`,
    port: lease.value,
    requests,
    counters,
    inject(fault, when = () => true, times = Number.POSITIVE_INFINITY) {
      const one = { fault, when, left: times };
      injected.add(one);
      return () => void injected.delete(one);
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets.values()) socket.destroy();
      for (const agent of agents.values()) agent.destroy();
      await closed;
      lease.release();
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly record: RecordedRequest;
  readonly counters: { bodyBytesDown: number };
  readonly target: string;
  agent(): Agent;
  reset(): void;
}

function answer(exchange: Exchange, fault: Fault | undefined): void {
  const { incoming, outgoing, record } = exchange;
  switch (fault?.kind) {
    case 'silence':
      incoming.resume();
      return;
    case 'status':
      incoming.resume();
      record.status = fault.code;
      outgoing.writeHead(fault.code, {
        'content-type': 'application/json',
        ...(fault.retryAfterSeconds !== undefined && { 'retry-after': String(fault.retryAfterSeconds) }),
      });
      outgoing.end(JSON.stringify(statusOf(fault)));
      return;
    case 'answer':
      incoming.resume();
      record.status = fault.code;
      outgoing.writeHead(fault.code, { 'content-type': 'application/json', ...fault.headers }).end(fault.body);
      return;
    default:
      forward(exchange, fault);
  }
}

function forward(exchange: Exchange, fault: Extract<Fault, { kind: 'cut' | 'stall' | 'delay' }> | undefined): void {
  const { incoming, outgoing, record, counters } = exchange;
  const breaksOff = fault?.kind === 'cut' || fault?.kind === 'stall' ? fault : undefined;
  const { connection: _, ...headers } = incoming.headers;
  const upstream = sendRequest(exchange.target + incoming.url, {
    method: record.method,
    headers,
    agent: exchange.agent(),
  });
  const cut = () => {
    record.end ??= 'cut';
    exchange.reset();
  };
  upstream.on('error', () => {
    if (!outgoing.destroyed) cut();
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
  upstream.on('response', (response) => {
    const begin = () => {
      if (outgoing.destroyed) return;
      record.status = response.statusCode ?? 0;
      outgoing.writeHead(record.status, response.headers);
      outgoing.flushHeaders();
      response.on('data', (chunk: Buffer) => {
        const left = breaksOff ? breaksOff.afterBytes - record.bodyBytes : chunk.length;
        const part = chunk.subarray(0, Math.max(0, left));
        record.bodyBytes += part.length;
        counters.bodyBytesDown += part.length;
        if (!outgoing.write(part)) response.pause();
        if (left > chunk.length || !breaksOff) return;
        response.pause();
        outgoing.removeAllListeners('drain');
        if (breaksOff.kind === 'cut') outgoing.write('', () => setImmediate(cut));
      });
      outgoing.on('drain', () => response.resume());
      response.on('end', () => outgoing.end());
      response.on('aborted', cut);
    };
    if (fault?.kind === 'delay') setTimeout(begin, fault.headersMs);
    else begin();
  });
}
