// Asks the demo's control plane over real sockets, each request on a connection of its own.
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { type Answer, readAnswer } from './http-answer.ts';

export type { Answer };

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a Buffer is sent as it is. */
  readonly body?: unknown;
  readonly tls?: Pick<RequestOptions, 'ca' | 'cert' | 'key'>;
  readonly signal?: AbortSignal;
}

export interface Frame {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly object: any;
}

/** The head of the answer; its body is still to be read. */
export function open(
  url: string,
  { method = 'GET', headers = {}, body, tls = {}, signal }: Asked = {},
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const type = payload === undefined ? {} : { 'content-type': contentTypeOf(method), 'content-length': payload.length };
  const send = url.startsWith('https:') ? tlsRequest : plainRequest;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { method, headers: { ...type, ...headers }, agent: false, ...tls, ...(signal && { signal }) };
  send(url, options, resolve).on('error', reject).end(payload);
  return promise;
}

function contentTypeOf(method: string): string {
  return method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
}

/** Any status is an answer; a cut body rejects. */
export async function ask(url: string, asked?: Asked): Promise<Answer> {
  const response = await open(url, asked);
  return readAnswer(response);
}

export interface OpenWatch {
  readonly status: number;
  /** The next frame; undefined when the stream has ended. Rejects when it was cut. */
  next(): Promise<Frame | undefined>;
  /** So many frames. */
  take(count: number): Promise<readonly Frame[]>;
  close(): void;
}

export async function watch(url: string, asked?: Asked): Promise<OpenWatch> {
  const response = await open(url, asked);
  const cut = new Promise<never>((_, reject) => response.once('error', reject));
  cut.catch(() => {}); // heard by whoever waits in next()
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const next = async (): Promise<Frame | undefined> => {
    const { done, value } = await Promise.race([lines.next(), cut]);
    return done ? undefined : (JSON.parse(value) as Frame);
  };
  return {
    status: response.statusCode ?? 0,
    next,
    take: async (count) => {
      const frames: Frame[] = [];
      while (frames.length < count) {
        const frame = await next();
        if (frame === undefined) throw new Error(`the watch ended after ${frames.length} of ${count} frames`);
        frames.push(frame);
      }
      return frames;
    },
    close: () => void response.destroy(),
  };
}

/** Waits for something that other parts of this process are about to make true. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setImmediate();
}
