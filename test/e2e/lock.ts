// A lock that one process on the machine holds at a time. It is a Unix socket in Linux's abstract namespace: the
// kernel lets go of it when its holder dies, however it dies, and who waits hears that at once.
import { createHash } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';

export interface Lock {
  release(): void;
}

/** Runs `work` while no other process does under the same name; `onWait` is called once if it has to wait. */
export async function whileLocked<T>(name: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  let hasWaited = false;
  for (;;) {
    const lock = await tryLock(name);
    if (lock) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    if (!hasWaited) onWait();
    hasWaited = true;
    await released(name);
  }
}

/** The lock, or undefined when another process has it. It does not keep this process alive. */
export function tryLock(name: string): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<Socket>();
    const server = createServer((socket) => {
      waiting.add(socket.unref());
      socket.on('error', () => waiting.delete(socket)).on('close', () => waiting.delete(socket));
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    const release = () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    };
    server.listen(socketName(name), () => {
      server.unref();
      resolve({ release });
    });
  });
}

/** Stays connected to the holder until it lets go; a holder that is gone already refuses. */
function released(name: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(socketName(name));
    socket.on('error', () => resolve()).on('close', () => resolve());
    socket.resume();
  });
}

function socketName(name: string): string {
  return `\0holdfast-e2e-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
}
