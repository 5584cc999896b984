// One request being answered: what a handler sees of it. Every exchange ends with exactly one owner having written the
// response.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import type { ObjectView } from './filters/object-view.ts';
import type { Caller } from './identity/caller.ts';
import type { Read } from './read-request.ts';

export type ListenerKind = 'tls' | 'loopback';
/** Who produced the answer; for metrics and the log. */
export type AnswerSource = 'upstream' | 'cache' | 'hub';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly listener: ListenerKind;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  source: AnswerSource;
  /** Set by `parseRequest`; a handler below it may rely on it. */
  info: RequestInfo;
  /** Set by `identifyCaller`. */
  caller: Caller;
  /**
   * Which read it is, if one whose answer can be shared; worked out once, from `info` and `caller`.
   * @throws StatusError when its selectors cannot be parsed
   */
  readonly read: Read | undefined;
  /** Set by `chooseView`: what of each object this client is shown; undefined: all, as it is. */
  view: ObjectView | undefined;
  /** Set by `chooseView`: called by who answers, before the client is told what there is, with the version of that. */
  tells: ((resourceVersion: string) => void) | undefined;
  /** The whole body, read once. @throws StatusError 413, 400 */
  body(): Promise<Buffer>;
  /** Once somebody has read it here, and so has to send it on. */
  readonly readBody: Promise<Buffer> | undefined;
}

/** May answer, or call next() once and wait for it. Must not care who stands above it. */
export type Handler = (exchange: Exchange, next: () => Promise<void>) => Promise<void>;

/** The handlers as one function, run top to bottom. */
export function compose(handlers: readonly Handler[]): (exchange: Exchange) => Promise<void> {
  return (exchange) => {
    const run = (index: number): Promise<void> => {
      const handler = handlers[index];
      if (handler === undefined) return Promise.reject(new Error('no handler has answered'));
      let isCalled = false;
      return handler(exchange, () => {
        if (isCalled) return Promise.reject(new Error('next() was called twice by one handler'));
        isCalled = true;
        return run(index + 1);
      });
    };
    return run(0);
  };
}
