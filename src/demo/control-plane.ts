// A control plane in one process: it lists, watches and writes like a kube-apiserver 1.35 (JSON only), keeps its objects in
// memory, and can be made to fail in the ways a real one does. The demo shows it; tests use it as their cloud.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../apimachinery/clock.ts';
import { parseRequestInfo, type RequestInfo } from '../apimachinery/request-info.ts';
import { internalError, type Status, StatusError } from '../apimachinery/status.ts';
import { authenticate, certificateSubject, type User } from './authentication.ts';
import type { Authorize, Call, Serving } from './call.ts';
import { Faults } from './faults.ts';
import { Listener, type ListenerTls } from './listener.ts';
import { type Random, randomUid } from './random.ts';
import { PageNotFoundError } from './refusals.ts';
import { Reply } from './reply.ts';
import { route } from './router.ts';
import { ObjectStore } from './store.ts';
import { suffer } from './suffer.ts';
import { delay } from './timing.ts';
import { checkUpgrade, echo, refuseUpgrade } from './upgrade-handler.ts';
import { WatchHub } from './watch-hub.ts';

export interface ControlPlaneOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: plain HTTP. */
  readonly tls?: ListenerTls;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: (line: string) => void;
  /** Added to every answer. */
  readonly latencyMs?: number;
  /** Bearer tokens and who they are; any other token is 401. */
  readonly tokens?: Readonly<Record<string, User>>;
  /** Lets requests without credentials in as system:anonymous. Default: only with neither TLS nor tokens. */
  readonly allowsAnonymous?: boolean;
  /** false is answered 403. Default: everyone may do everything. */
  readonly authorize?: Authorize;
  /** Default 60 s. */
  readonly bookmarkIntervalMs?: number;
  /** The resourceVersion before the first object. Default 100. */
  readonly firstRevision?: number;
  /** About how many changes stay readable. Default 10 000. */
  readonly eventLimit?: number;
}

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** 'O=system:nodes, CN=system:node:edge-1' */
  readonly clientCertificateSubject: string | undefined;
}

export interface ControlPlane {
  readonly url: string;
  readonly port: number;
  readonly store: ObjectStore;
  readonly faults: Faults;
  /** The last 1000 requests, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** How many watches are open. */
  readonly watchCount: number;
  /** Called when a request has arrived, before it is answered. Returns how to stop. */
  onRequest(listener: (request: RecordedRequest) => void): () => void;
  close(): Promise<void>;
}

const recordedLimit = 1_000;

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { clock, random, host = '127.0.0.1', tls, tokens = {}, log = () => {} } = options;
  const closing = new AbortController();
  const requests: RecordedRequest[] = [];
  const listeners = new Set<(request: RecordedRequest) => void>();
  const authentication = {
    tokens,
    allowsAnonymous: options.allowsAnonymous ?? (tls === undefined && options.tokens === undefined),
  };
  const store = new ObjectStore(options);
  const faults = new Faults({
    setConnections: (mode) => listener.setMode(mode),
    compactHistory: () => store.compact(),
    endWatches: () => watches.endAll(),
    resetConnections: () => listener.reset(),
    becomeAnotherCluster: (firstRevision) => {
      store.becomeAnotherCluster(firstRevision);
      listener.reset();
    },
  });
  const watches = new WatchHub({
    store,
    clock,
    random,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
    sendsBookmarks: () => faults.sendsBookmarks,
  });
  const serving: Serving = { store, watches, faults, clock, authorize: options.authorize ?? (() => true) };

  const record = (request: IncomingMessage): void => {
    const { method = '', url = '', headers } = request;
    const recorded = { method, url, headers, clientCertificateSubject: certificateSubject(request) };
    requests.push(recorded);
    if (requests.length > recordedLimit) requests.shift();
    for (const listen of listeners) listen(recorded);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    record(request);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    response.setHeader('audit-id', randomUid(random));
    const reply = new Reply(request, response);
    try {
      const info = parseRequestInfo(request.method ?? '', request.url ?? '');
      const reset = (): void => listener.reset(request.socket);
      const isAnswered = await suffer(faults, { info, reply, clock, signal, reset });
      if (isAnswered || signal.aborted) return;
      if (options.latencyMs) await delay(clock, options.latencyMs, signal);
      const user = authenticate(
        request,
        isPublic(info) ? { ...authentication, allowsAnonymous: true } : authentication,
      );
      await route({ ...serving, request, info, user, reply, signal } satisfies Call);
    } catch (error) {
      if (signal.aborted) return;
      if (reply.hasBegun) reply.destroy();
      else if (error instanceof PageNotFoundError) await reply.text(404, `${error.message}\n`);
      else await reply.status(statusOf(error, log));
    }
  };

  const listener: Listener = new Listener({
    host,
    port: options.port ?? 0,
    ...(tls === undefined ? {} : { tls }),
    onRequest: (request, response) => void answer(request, response),
  });
  listener.server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    record(request);
    socket.on('error', () => socket.destroy()); // the client went away: nothing is left to say
    try {
      checkUpgrade(request, authentication, serving);
      echo(request, socket, head);
    } catch (error) {
      refuseUpgrade(socket, statusOf(error, log));
    }
  });
  await listener.open();

  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${listener.port}`,
    port: listener.port,
    store,
    faults,
    requests,
    get watchCount() {
      return watches.size;
    },
    onRequest: (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    close: async () => {
      closing.abort();
      watches.endAll();
      await listener.close();
    },
  };
}

/** Health and version are for everyone, as in a cluster with its default roles. */
function isPublic({ path }: RequestInfo): boolean {
  return /^\/(healthz|livez|readyz|version)(\/|$)/.test(path);
}

function statusOf(error: unknown, log: (line: string) => void): Status {
  if (error instanceof StatusError) return error.status;
  log(`control plane: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return internalError(error instanceof Error ? error.message : String(error)).status;
}
