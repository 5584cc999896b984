// Two sockets joined: what one sends, the other gets, no faster than it reads. Promise: an end is passed on as an end and
// leaves the other direction open; anything else that closes one side breaks the other off.
import type { Duplex } from 'node:stream';
import { breakOff } from './break-off.ts';

export interface Ends {
  readonly local: Duplex;
  /** What was already read from `local`. */
  readonly localHead: Buffer;
  readonly remote: Duplex;
}

/** Calls `onOver` once, when both are closed. */
export function splice({ local, localHead, remote }: Ends, onOver: () => void): void {
  let open = 2;
  const closed = (other: Duplex) => () => {
    open -= 1;
    if (open === 0) onOver();
    else if (!other.writableFinished || !other.readableEnded) endAfter(other);
  };
  for (const [socket, other] of [
    [local, remote],
    [remote, local],
  ] as const) {
    socket.on('error', () => breakOff(other)); // 'close' follows, and with it the end
    socket.once('close', closed(other));
    socket.pipe(other);
  }
  if (localHead.length > 0) remote.write(localHead);
  if (local.destroyed) breakOff(remote);
}

/** The peer of a closed socket has nobody to hear from or to talk to; what it was already given may still leave. */
function endAfter(socket: Duplex): void {
  if (socket.writableEnded) {
    if (socket.writableFinished) socket.destroy();
    else socket.once('finish', () => socket.destroy());
    return;
  }
  socket.end(() => socket.destroy());
}
