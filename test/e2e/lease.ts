// Ports and loopback addresses of our own, for as long as we want them, though other test runs share the machine.
// A lease is a socket in Linux's abstract namespace, so the kernel takes it back when its holder dies. Ports are below
// the range the kernel hands out by itself: nobody's outgoing connection lands on one between our restart of a server.
import { createServer } from 'node:net';
import { tryLock } from './lock.ts';

export interface Lease<T> {
  readonly value: T;
  release(): void;
}

const ports = { first: 20_000, count: 12_000 };

/** Addresses relays listen on; the apiserver's certificate names them all. */
export const relayAddresses: readonly string[] = Array.from({ length: 48 }, (_, i) => `127.0.77.${i + 1}`);

/** A TCP port on 127.0.0.1 (and on `address`) that nobody listens on and no other lease holds. */
export async function leasePort(address = '127.0.0.1', random: () => number = Math.random): Promise<Lease<number>> {
  const start = Math.floor(random() * ports.count);
  for (let i = 0; i < ports.count; i++) {
    const port = ports.first + ((start + i) % ports.count);
    const lock = await tryLock(`port ${port}`);
    if (!lock) continue;
    if (await isFree(address, port)) return { value: port, release: () => void lock.release() };
    lock.release();
  }
  throw new Error(`no free port from ${ports.first} on`);
}

/** A loopback address nobody else's relay uses, so that cutting it cuts nobody else. */
export async function leaseRelayAddress(): Promise<Lease<string>> {
  for (const address of relayAddresses) {
    const lock = await tryLock(`address ${address}`);
    if (lock) return { value: address, release: () => void lock.release() };
  }
  throw new Error(`all ${relayAddresses.length} relay addresses are in use: too many test runs at once`);
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
