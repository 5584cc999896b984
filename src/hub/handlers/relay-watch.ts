// A WATCH that cannot be shared (Table, PartialObjectMetadata, a version that the ring does not hold): one upstream watch
// for one client. It too stays open when the link drops: frames are passed on whole, the last version is remembered, and
// the watch is resumed from there when the link is back. The cloud is asked for bookmarks even if the client takes none:
// they tell how far a silent watch has come. If the cloud refuses to resume, the stream ends and the client hears the
// refusal when it asks again. One that is cut while the client is still being told what there is ends with 410: from the
// last object that it was told nothing can be resumed, by nobody. Frames have to be read here, so the cloud is asked for
// JSON, also for a client that would rather have protobuf; one to whom JSON would show less or more is not for here.

import { jsonClauses, preferredRendering } from '../../apimachinery/negotiation.ts';
import { expired } from '../../apimachinery/status.ts';
import { encodeWatchEvent, type WatchFrame, WatchFrameReader } from '../../apimachinery/watch-frame.ts';
import { UpstreamStatusError } from '../../cache/errors.ts';
import { type ReadOptions, readOptionsOrUndefined } from '../../cache/read-options.ts';
import { isPassing } from '../../cache/recent-events.ts';
import type { UpstreamResponse } from '../../cache/transport.ts';
import { openStream } from '../answer.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { noteCollectionAnswer } from '../note-answer.ts';
import type { CollectionRead } from '../read-request.ts';
import type { Services } from '../services.ts';
import { UpstreamBodyCutError, UpstreamUnreachableError } from '../upstream/errors.ts';

export function relayWatch(services: Services): Handler {
  return (exchange, next) => {
    const { read } = exchange;
    if (read?.verb !== 'watch' || read.form === 'other' || read.form === 'protobuf') return next();
    const accept = jsonClauses(exchange.request.headers.accept);
    if (preferredRendering(accept) !== read.form) return next();
    exchange.source = 'upstream';
    return new RelayedWatch(services, exchange, read, accept).run();
  };
}

const passedHeaders = ['user-agent', 'x-request-id', 'traceparent', 'tracestate'];

class RelayedWatch {
  readonly #services: Services;
  readonly #exchange: Exchange;
  readonly #read: CollectionRead;
  readonly #accept: string;
  readonly #deadline: number;
  /** Undefined when they contradict each other, for the cloud to say so. */
  readonly #options: ReadOptions | undefined;
  /** The client is still being told what there is, in no order of versions: from the midst of that nothing can be resumed. */
  #isInitial: boolean;
  /** The last version that the client knows; '' while there is none to resume from. */
  #version: string;

  constructor(services: Services, exchange: Exchange, read: CollectionRead, accept: string) {
    this.#services = services;
    this.#exchange = exchange;
    this.#read = read;
    this.#accept = accept;
    const seconds = Number(exchange.info.query.get('timeoutSeconds'));
    this.#options = readOptionsOrUndefined(read);
    const from = this.#options?.resourceVersion ?? '';
    this.#isInitial = from === '' || from === '0' || this.#options?.sendInitialEvents === true;
    this.#version = this.#isInitial ? '' : from;
    this.#deadline = seconds > 0 ? services.clock.now() + seconds * 1000 : Number.POSITIVE_INFINITY;
  }

  /** @throws before the head is sent: UpstreamStatusError with the cloud's refusal, UpstreamUnreachableError */
  async run(): Promise<void> {
    const { clock, link } = this.#services;
    const { response, signal, info } = this.#exchange;
    let upstream = await this.#ask(this.#options === undefined ? info.path + info.search : this.#pathFrom(undefined));
    noteCollectionAnswer(this.#services, this.#exchange, this.#read, upstream);
    openStream(response, { 'content-type': textOf(upstream.headers['content-type']) || 'application/json' });
    while (!(await this.#pass(upstream))) {
      if (this.#version === '') {
        if (!signal.aborted) response.write(cutShort());
        break;
      }
      if (!(await this.#untilOnline())) break;
      try {
        upstream = await this.#ask(this.#pathFrom(this.#version));
      } catch (error) {
        if (error instanceof UpstreamStatusError || signal.aborted) break;
        if (!isLinkError(error)) throw error;
        await link.settled(signal).catch(() => undefined); // the loop looks at the signal itself
        if (signal.aborted || clock.now() >= this.#deadline) break;
      }
    }
    response.end();
  }

  /** Resolves true when the cloud has ended the watch, false when the connection was lost on the way. */
  async #pass(upstream: UpstreamResponse): Promise<boolean> {
    const reader = new WatchFrameReader();
    try {
      for await (const chunk of upstream.body) await this.#write(reader.push(chunk));
      return true;
    } catch (error) {
      if (this.#exchange.signal.aborted) return true;
      if (!isLinkError(error)) throw error;
      return false;
    } finally {
      upstream.body.cancel();
    }
  }

  async #write(frames: readonly WatchFrame[]): Promise<void> {
    const { response, signal } = this.#exchange;
    for (const frame of frames) {
      this.#isInitial &&= frame.type === 'ADDED';
      if (!this.#isInitial) this.#version = versionOf(frame) || this.#version;
      if (!isPassing(this.#read.scope.gvr)) this.#services.cache.writes.versions.see(this.#version);
    }
    const passed =
      this.#options?.allowWatchBookmarks === false ? frames.filter(({ type }) => type !== 'BOOKMARK') : frames;
    if (passed.length === 0) return;
    this.#services.watchers.count(passed.length);
    const bytes = Buffer.concat(passed.map(({ type, object }) => encodeWatchEvent(type, object)));
    if (response.write(bytes) || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      response.on('drain', go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  /** False when the client has left or its time is up first. */
  async #untilOnline(): Promise<boolean> {
    const { clock, link } = this.#services;
    const { signal } = this.#exchange;
    const ending = new AbortController();
    const left = this.#deadline - clock.now();
    const timer = Number.isFinite(left) ? clock.setTimeout(() => ending.abort(), Math.max(0, left)) : undefined;
    try {
      await link.whenOnline(AbortSignal.any([signal, ending.signal]));
      return true;
    } catch {
      return false; // only the signals end the wait
    } finally {
      timer?.cancel();
    }
  }

  async #ask(path: string): Promise<UpstreamResponse> {
    const { caller, request, signal } = this.#exchange;
    const headers: Record<string, string> = { accept: this.#accept };
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined && (passedHeaders.includes(name) || name.startsWith('impersonate-')))
        headers[name] = textOf(value);
    }
    const upstream = await this.#services.transport.get({ credential: caller.credential, path, headers, signal });
    if (upstream.statusCode === 200) return upstream;
    const chunks: Buffer[] = [];
    for await (const chunk of upstream.body) chunks.push(chunk);
    noteCollectionAnswer(this.#services, this.#exchange, this.#read, upstream);
    throw new UpstreamStatusError({ ...upstream, body: Buffer.concat(chunks) });
  }

  #pathFrom(resourceVersion: string | undefined): string {
    const query = new URLSearchParams(this.#exchange.info.search);
    query.set('allowWatchBookmarks', 'true');
    if (resourceVersion !== undefined) {
      query.delete('sendInitialEvents');
      query.delete('resourceVersionMatch');
      query.set('resourceVersion', resourceVersion);
    }
    return `${this.#exchange.info.path}?${query}`;
  }
}

function cutShort(): Buffer {
  const { status } = expired('the connection to the cloud broke before everything there is was told; start again');
  return encodeWatchEvent('ERROR', Buffer.from(JSON.stringify(status)));
}

/** The version of the event: of the object, of the bookmark, or of the Table that carries its row. */
function versionOf(frame: WatchFrame): string {
  if (frame.type === 'ERROR') return '';
  const { metadata, rows } = JSON.parse(frame.object.toString()) as {
    metadata?: { resourceVersion?: string };
    rows?: readonly { object?: { metadata?: { resourceVersion?: string } } }[];
  };
  return metadata?.resourceVersion || rows?.at(-1)?.object?.metadata?.resourceVersion || '';
}

function isLinkError(error: unknown): boolean {
  return error instanceof UpstreamUnreachableError || error instanceof UpstreamBodyCutError;
}

function textOf(value: string | readonly string[] | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : value.join(', ');
}
