// The client's request body on its way upstream. Stands between the two because the HTTP client destroys a body it could
// not send, and the client's own request object must live on: its connection still has to carry our answer. Nothing is
// read before someone sends it, so a body that met no connection can be sent to the next server.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { ExchangeEndedError } from './errors.ts';

export class ClientBody extends Readable {
  readonly #request: IncomingMessage;
  #isListening = false;
  #isWhole = false;

  constructor(request: IncomingMessage) {
    super({ autoDestroy: true });
    this.#request = request;
  }

  override _read(): void {
    if (!this.#isListening) this.#listen();
    this.#request.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    // What the client still sends has no reader any more; unread, it would block the connection for good.
    this.#request.resume();
    callback(error);
  }

  #listen(): void {
    this.#isListening = true;
    this.#request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    if (this.#request.destroyed) this.#onClose();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.#isWhole = true;
    this.push(null);
  };

  readonly #onClose = (): void => {
    if (this.#isWhole) return;
    this.destroy(new ExchangeEndedError('body-cut', 'the client stopped in the middle of its request'));
  };
}
