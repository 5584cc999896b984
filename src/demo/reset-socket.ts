// Ends a TCP connection with RST, so that the other side learns at once that it is broken, not merely over.

import type { Socket } from 'node:net';

export function resetSocket(socket: Socket): void {
  // Resetting a socket that is already being ended leaves a handle that Node 24 never closes: the process then cannot exit.
  if (socket.writableEnded || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}
