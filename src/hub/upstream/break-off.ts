// Ends a socket so that the other end notices that something broke: with a reset where it speaks plain TCP. A TLS socket is
// closed without its closing alert, which its peer takes for a cut as well.
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export function breakOff(socket: Duplex): void {
  const isPlainTcp = socket instanceof Socket && !('encrypted' in socket);
  // Resetting what is already being ended leaves a handle that Node 24 never closes: the process then cannot exit.
  if (isPlainTcp && !socket.destroyed && !socket.writableEnded) socket.resetAndDestroy();
  else socket.destroy();
}
