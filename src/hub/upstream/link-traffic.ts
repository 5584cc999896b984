// How many bytes have crossed the link, both ways, over all connections there were. Read when somebody scrapes; costs
// nothing in between.
import type { Socket } from 'node:net';

export class LinkTraffic {
  readonly #open = new Set<Socket>();
  #received = 0;
  #sent = 0;

  /** Counts this connection from now until after its end. */
  count(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
    });
  }

  get receivedBytes(): number {
    return [...this.#open].reduce((sum, { bytesRead }) => sum + bytesRead, this.#received);
  }

  get sentBytes(): number {
    return [...this.#open].reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#sent);
  }
}
