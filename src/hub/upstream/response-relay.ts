// Writes an upstream answer to the client as it comes, no faster than the client reads. Promise: the head is on its way
// before the event loop waits again, and a body that was cut never looks complete.
import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { responseHeaders } from './headers.ts';

export interface RelayedHead {
  readonly statusCode: number;
  readonly statusMessage: string;
  /** As received: name, value, name, value. */
  readonly rawHeaders: readonly (Buffer | string)[];
  readonly hasContentLength: boolean;
}

type Controller = Pick<Dispatcher.DispatchController, 'pause' | 'resume'>;

/** More than one turn of the event loop usually reads from a socket. */
const maxGatheredBytes = 256 * 1024;

export class ResponseRelay {
  readonly #response: ServerResponse;
  readonly #controller: Controller;
  readonly #isGathering: boolean;
  /** Pieces of this turn that go out as one chunk: the apiserver sends a list item by item. */
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #isFlushPlanned = true;
  #isBodyStarted = false;
  #isPaused = false;
  #isListening = false;

  /** Writes the head. `mustClose`: the connection to the client cannot be used again. */
  constructor(response: ServerResponse, controller: Controller, head: RelayedHead, mustClose: boolean) {
    this.#response = response;
    this.#controller = controller;
    this.#isGathering = !head.hasContentLength;
    const headers = responseHeaders(head.rawHeaders);
    if (mustClose) headers.push('Connection', 'close');
    response.writeHead(head.statusCode, head.statusMessage, headers);
    process.nextTick(flushTurn, this);
  }

  data(chunk: Buffer): void {
    if (!this.#isGathering) {
      this.#isBodyStarted = true;
      this.#write(chunk);
      return;
    }
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes >= maxGatheredBytes) this.#flushGathered();
    else if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      process.nextTick(flushTurn, this);
    }
  }

  end(): void {
    this.#isBodyStarted = true;
    if (this.#gathered.length > 0) this.#response.end(this.#takeGathered());
    else this.#response.end();
  }

  /** The rest will not come. */
  cut(): void {
    this.#flushGathered();
    const { socket } = this.#response;
    // A body that ends where the connection ends (HTTP/1.0) would look whole after a clean close.
    const endsWithConnection = this.#isGathering && !this.#response.chunkedEncoding;
    if (endsWithConnection && socket !== null && !('encrypted' in socket)) socket.resetAndDestroy();
    this.#response.destroy();
  }

  flushTurn(): void {
    this.#isFlushPlanned = false;
    if (this.#gathered.length > 0) this.#flushGathered();
    else if (!this.#isBodyStarted && !this.#response.destroyed) {
      this.#isBodyStarted = true;
      this.#response.flushHeaders();
    }
  }

  #flushGathered(): void {
    if (this.#gathered.length === 0) return;
    this.#isBodyStarted = true;
    this.#write(this.#takeGathered());
  }

  #takeGathered(): Buffer {
    const pieces = this.#gathered;
    const whole = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return whole;
  }

  #write(chunk: Buffer): void {
    if (this.#response.write(chunk) || this.#isPaused) return;
    this.#isPaused = true;
    this.#controller.pause();
    if (this.#isListening) return;
    this.#isListening = true;
    this.#response.on('drain', () => {
      this.#isPaused = false;
      this.#controller.resume();
    });
  }
}

function flushTurn(relay: ResponseRelay): void {
  relay.flushTurn();
}
