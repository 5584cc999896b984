// The exchange of one client's request. What few requests need is made when it is asked for.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import type { AnswerSource, Exchange, ListenerKind } from './exchange.ts';
import type { ObjectView } from './filters/object-view.ts';
import type { Caller } from './identity/caller.ts';
import { readBody } from './read-body.ts';
import { type Read, readOf } from './read-request.ts';

export class ClientExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly listener: ListenerKind;
  source: AnswerSource = 'hub';
  // Declared as present, for each is set above those who read it.
  info!: RequestInfo;
  caller!: Caller;
  view: ObjectView | undefined;
  tells: ((resourceVersion: string) => void) | undefined;
  #leaving: AbortController | undefined;
  #hasLeft = false;
  #body: Promise<Buffer> | undefined;
  #read: Read | undefined | 'not asked' = 'not asked';

  constructor(request: IncomingMessage, response: ServerResponse, listener: ListenerKind) {
    this.request = request;
    this.response = response;
    this.listener = listener;
    response.on('close', () => {
      if (!response.writableFinished) this.#leave();
    });
  }

  get signal(): AbortSignal {
    this.#leaving ??= new AbortController();
    if (this.#hasLeft) this.#leave();
    return this.#leaving.signal;
  }

  get read(): Read | undefined {
    if (this.#read === 'not asked') this.#read = readOf(this);
    return this.#read;
  }

  get readBody(): Promise<Buffer> | undefined {
    return this.#body;
  }

  body(): Promise<Buffer> {
    this.#body ??= readBody(this.request);
    return this.#body;
  }

  #leave(): void {
    this.#hasLeft = true;
    this.#leaving?.abort(new Error('the client has left'));
  }
}
