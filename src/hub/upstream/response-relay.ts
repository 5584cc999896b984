// Writes an upstream answer to the client as it comes, no faster than the client reads. Promise: the head is on its way
// before the event loop waits again, unless it is to wait for the body, and one that was cut never looks complete.
import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { breakOff } from './break-off.ts';
import { responseHeaders } from './headers.ts';

export interface RelayedHead {
  readonly statusCode: number;
  readonly statusMessage: string;
  /** As received: name, value, name, value. */
  readonly rawHeaders: readonly (Buffer | string)[];
  readonly hasContentLength: boolean;
  /** It leaves with the body. */
  readonly isHeld?: boolean;
}

type Controller = Pick<Dispatcher.DispatchController, 'pause' | 'resume'>;

export class ResponseRelay {
  readonly #response: ServerResponse;
  readonly #controller: Controller;
  readonly #hasContentLength: boolean;
  #isBodyStarted = false;
  #isListening = false;

  /** Writes the head. `mustClose`: the connection to the client cannot be used again. */
  constructor(response: ServerResponse, controller: Controller, head: RelayedHead, mustClose: boolean) {
    this.#response = response;
    this.#controller = controller;
    this.#hasContentLength = head.hasContentLength;
    const headers = responseHeaders(head.rawHeaders);
    if (mustClose) headers.push('Connection', 'close');
    response.writeHead(head.statusCode, head.statusMessage, headers);
    // Usually the body follows in this turn of the event loop, and head and body leave as one.
    if (head.isHeld !== true) process.nextTick(flushHead, this);
  }

  data(chunk: Buffer): void {
    this.#isBodyStarted = true;
    if (this.#response.write(chunk)) return;
    this.#controller.pause();
    if (this.#isListening) return;
    this.#isListening = true;
    this.#response.on('drain', () => this.#controller.resume());
  }

  end(): void {
    this.#isBodyStarted = true;
    this.#response.end();
  }

  /** The rest will not come. */
  cut(): void {
    this.#isBodyStarted = true;
    const { socket } = this.#response;
    // A body that ends where the connection ends (HTTP/1.0) would look whole after a clean close.
    const endsWithConnection = !this.#hasContentLength && !this.#response.chunkedEncoding;
    if (endsWithConnection && socket !== null) breakOff(socket);
    this.#response.destroy();
  }

  flushHead(): void {
    if (this.#isBodyStarted) return;
    this.#isBodyStarted = true;
    this.#response.flushHeaders();
  }
}

function flushHead(relay: ResponseRelay): void {
  relay.flushHead();
}
