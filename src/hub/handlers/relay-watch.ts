// A WATCH that cannot be shared (Table, PartialObjectMetadata, a version that the ring does not hold): one upstream watch
// for one client. It too stays open when the link drops: frames are passed on whole, the last version is remembered, and
// the watch is resumed from there when the link is back. The cloud is asked for bookmarks even if the client takes none:
// they tell how far a silent watch has come. If the cloud refuses to resume, the stream ends and the client hears the
// refusal when it asks again. One that is cut while the client is still being told what there is ends with 410: from the
// last object that it was told nothing can be resumed, by nobody. Frames have to be read here, so the cloud is asked for
// JSON, also for a client that would rather have protobuf; one to whom JSON would show less or more is not for here.

import { expired } from '../../apimachinery/status.ts';
import { type WatchFrame, WatchFrameReader } from '../../apimachinery/watch-frame.ts';
import { UpstreamStatusError } from '../../cache/errors.ts';
import { type ReadOptions, readOptionsOrUndefined } from '../../cache/read-options.ts';
import { isPassing } from '../../cache/recent-events.ts';
import type { UpstreamResponse } from '../../cache/transport.ts';
import { jsonType, openStream } from '../answer.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { noteCollectionAnswer } from '../note-answer.ts';
import type { CollectionRead } from '../read-request.ts';
import type { Services } from '../services.ts';
import { UpstreamBodyCutError, UpstreamUnreachableError } from '../upstream/errors.ts';
import { passedHeaders } from './passed-headers.ts';
import { isFromNothing, type RelayWay, relayWay } from './relay-way.ts';

export function relayWatch(services: Services): Handler {
  return (exchange, next) => {
    const { read } = exchange;
    if (read?.verb !== 'watch') return next();
    const way = relayWay(exchange, read);
    if (way === undefined) return next();
    exchange.source = 'upstream';
    return new RelayedWatch(services, exchange, read, way).run();
  };
}

class RelayedWatch {
  readonly #services: Services;
  readonly #exchange: Exchange;
  readonly #read: CollectionRead;
  readonly #way: RelayWay;
  /** The client has left, or must begin anew. */
  readonly #leaving: AbortSignal;
  readonly #deadline: number;
  /** Undefined when they contradict each other, for the cloud to say so. */
  readonly #options: ReadOptions | undefined;
  /** The client is still being told what there is, in no order of versions: from the midst of that nothing can be resumed. */
  #isInitial: boolean;
  /** The last version that the client knows; '' while there is none to resume from. */
  #version: string;

  constructor(services: Services, exchange: Exchange, read: CollectionRead, way: RelayWay) {
    this.#services = services;
    this.#exchange = exchange;
    this.#read = read;
    this.#way = way;
    this.#leaving = way.ended === undefined ? exchange.signal : AbortSignal.any([exchange.signal, way.ended]);
    const seconds = Number(exchange.info.query.get('timeoutSeconds'));
    this.#options = readOptionsOrUndefined(read);
    this.#isInitial = isFromNothing(this.#options);
    this.#version = this.#isInitial ? '' : this.#options!.resourceVersion;
    this.#deadline = seconds > 0 ? services.clock.now() + seconds * 1000 : Number.POSITIVE_INFINITY;
  }

  /** @throws before the head is sent: UpstreamStatusError with the cloud's refusal, UpstreamUnreachableError */
  async run(): Promise<void> {
    const { clock, link } = this.#services;
    const { response, info } = this.#exchange;
    const signal = this.#leaving;
    let upstream = await this.#ask(this.#options === undefined ? info.path + info.search : this.#pathFrom(undefined));
    noteCollectionAnswer(this.#services, this.#exchange, this.#read, upstream);
    const contentType = this.#way.contentType ?? (textOf(upstream.headers['content-type']) || jsonType);
    openStream(response, { 'content-type': contentType });
    while (!(await this.#pass(upstream))) {
      if (this.#version === '') {
        if (!signal.aborted) response.write(this.#way.encode([cutShort()]));
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
    if (this.#way.ended?.aborted === true) response.write(this.#way.encode([changed()]));
    response.end();
  }

  /** Resolves true when the cloud has ended the watch, false when the connection was lost on the way. */
  async #pass(upstream: UpstreamResponse): Promise<boolean> {
    const reader = new WatchFrameReader();
    try {
      for await (const chunk of upstream.body) await this.#write(reader.push(chunk));
      return true;
    } catch (error) {
      if (this.#leaving.aborted) return true;
      if (!isLinkError(error)) throw error;
      return false;
    } finally {
      upstream.body.cancel();
    }
  }

  async #write(frames: readonly WatchFrame[]): Promise<void> {
    const { response } = this.#exchange;
    const signal = this.#leaving;
    for (const frame of frames) {
      const wasInitial = this.#isInitial;
      this.#isInitial &&= frame.type === 'ADDED';
      if (!this.#isInitial) this.#version = versionOf(frame) || this.#version;
      if (wasInitial && this.#version !== '') this.#exchange.tells?.(this.#version);
    }
    if (!isPassing(this.#read.scope.gvr)) await this.#services.cache.writes.versions.pass(this.#version);
    const wanted =
      this.#options?.allowWatchBookmarks === false ? frames.filter(({ type }) => type !== 'BOOKMARK') : frames;
    const passed = this.#way.pass(wanted);
    if (passed.length === 0) return;
    this.#services.watchers.count(passed.length);
    if (response.write(this.#way.encode(passed)) || signal.aborted) return;
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
    const signal = this.#leaving;
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
    const { caller, request } = this.#exchange;
    const signal = this.#leaving;
    const headers = { ...passedHeaders(request.headers), accept: this.#way.accept };
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

function cutShort(): WatchFrame {
  return errorFrame('the connection to the cloud broke before everything there is was told; start again');
}

function changed(): WatchFrame {
  return errorFrame('what this node shows of this resource has changed; list again');
}

function errorFrame(why: string): WatchFrame {
  return { type: 'ERROR', object: Buffer.from(JSON.stringify(expired(why).status)) };
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
