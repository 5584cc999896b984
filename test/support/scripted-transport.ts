// The cloud as the cache sees it, played by the test: every request waits until the test answers it.
import { encodeBookmark, encodeWatchEvent, type WatchEventType } from '../../src/apimachinery/watch-frame.ts';
import type { Transport, TransportRequest, UpstreamResponse } from '../../src/cache/transport.ts';

/** A body that the test writes piece by piece. */
export class ScriptedBody {
  isCancelled = false;
  readonly #chunks: Buffer[] = [];
  #end: 'open' | 'ended' | Error = 'open';
  #wake: () => void = () => {};

  write(...chunks: (Buffer | string)[]): this {
    for (const chunk of chunks) this.#chunks.push(Buffer.from(chunk));
    this.#wake();
    return this;
  }

  /** The chunk arrives as one. */
  event(...events: readonly { readonly type: WatchEventType; readonly text: string }[]): this {
    return this.write(Buffer.concat(events.map(({ type, text }) => encodeWatchEvent(type, Buffer.from(text)))));
  }

  bookmark(version: number, initialEventsEnd = false): this {
    const kind = { kind: 'Pod', apiVersion: 'v1' };
    return this.write(encodeBookmark({ ...kind, resourceVersion: String(version), initialEventsEnd }));
  }

  end(): this {
    this.#end = 'ended';
    this.#wake();
    return this;
  }

  fail(error: Error): this {
    this.#end = error;
    this.#wake();
    return this;
  }

  asBody(signal: AbortSignal): UpstreamResponse['body'] {
    const body = this;
    return {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const chunk = body.#chunks.shift();
          if (chunk !== undefined) {
            yield chunk;
            continue;
          }
          if (body.#end === 'ended') return;
          if (body.#end !== 'open') throw body.#end;
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          const abort = (): void => reject(signal.reason);
          if (signal.aborted) throw signal.reason;
          signal.addEventListener('abort', abort, { once: true });
          body.#wake = resolve;
          await promise.finally(() => signal.removeEventListener('abort', abort));
        }
      },
      cancel: () => {
        body.isCancelled = true;
      },
    };
  }
}

export class PendingRequest {
  readonly request: TransportRequest;
  readonly url: URL;
  isSettled = false;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    request: TransportRequest,
    resolve: (response: UpstreamResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.url = new URL(request.path, 'http://cloud');
    this.#resolve = resolve;
    this.#reject = reject;
    request.signal.addEventListener('abort', () => this.fail(request.signal.reason), { once: true });
  }

  get isWatch(): boolean {
    return this.url.searchParams.get('watch') === 'true';
  }

  /** `LIST /api/v1/pods`, `WATCH /api/v1/pods from 10`, `WATCHLIST /api/v1/pods` */
  get title(): string {
    const { pathname, searchParams } = this.url;
    if (!this.isWatch) return `LIST ${pathname}`;
    if (searchParams.has('sendInitialEvents')) return `WATCHLIST ${pathname}`;
    return `WATCH ${pathname} from ${searchParams.get('resourceVersion')}`;
  }

  answer(statusCode: number, text: string, headers: UpstreamResponse['headers'] = {}): void {
    const body = new ScriptedBody().write(text).end();
    this.#settle(() => this.#resolve({ statusCode, headers, body: body.asBody(this.request.signal) }));
  }

  /** A LIST of these items. */
  list(version: number | string, items: readonly string[] = [], next = ''): void {
    const metadata = { resourceVersion: String(version), ...(next !== '' && { continue: next }) };
    const head = JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata });
    this.answer(200, `${head.slice(0, -1)},"items":[${items.join(',')}]}`);
  }

  status(code: number, reason = '', headers: UpstreamResponse['headers'] = {}): void {
    const text = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
    this.answer(code, text, { 'content-type': 'application/json', ...headers });
  }

  /** Accepts a watch. */
  stream(): ScriptedBody {
    const body = new ScriptedBody();
    this.#settle(() => this.#resolve({ statusCode: 200, headers: {}, body: body.asBody(this.request.signal) }));
    return body;
  }

  fail(error: unknown): void {
    this.#settle(() => this.#reject(error));
  }

  #settle(how: () => void): void {
    if (this.isSettled) return;
    this.isSettled = true;
    how();
  }
}

export class ScriptedTransport implements Transport {
  readonly all: PendingRequest[] = [];
  readonly #unseen: PendingRequest[] = [];
  readonly #waiting: ((request: PendingRequest) => void)[] = [];

  get(request: TransportRequest): Promise<UpstreamResponse> {
    return new Promise((resolve, reject) => {
      const pending = new PendingRequest(request, resolve, reject);
      this.all.push(pending);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#unseen.push(pending);
      else waiting(pending);
      if (request.signal.aborted) pending.fail(request.signal.reason);
    });
  }

  /** The next request that the test has not taken yet, waited for if need be. */
  next(): Promise<PendingRequest> {
    const pending = this.#unseen.shift();
    if (pending !== undefined) return Promise.resolve(pending);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Requests that came and that the test has not taken. */
  get unseen(): readonly string[] {
    return this.#unseen.map(({ title }) => title);
  }

  get titles(): readonly string[] {
    return this.all.map(({ title }) => title);
  }
}

/** Lets everything run that only waits for promises. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
