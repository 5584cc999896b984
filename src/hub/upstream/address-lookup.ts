// Resolves the servers' names without ever waiting twice at once. When the link is down the DNS server often is too, and
// each pending getaddrinfo occupies one of the process's four I/O threads, on which disk writes wait as well. Promise: one
// lookup per name at a time; a name that was resolved before is answered from memory while its lookup fails or lasts.
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { Clock } from '../../apimachinery/clock.ts';

export type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;
/** As `net.connect` wants it. */
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;
export type ResolveAll = (
  hostname: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

interface Name {
  addresses: LookupAddress[];
  resolvedAt: number;
  waiting: ((error: NodeJS.ErrnoException | null) => void)[] | undefined;
}

const freshMs = 30_000;
/** How long a caller waits for a fresh answer while an old one is at hand. */
const patienceMs = 300;

export function rememberingLookup(clock: Clock, resolveAll: ResolveAll): Lookup {
  const names = new Map<string, Name>();
  return (hostname, options, callback) => {
    const name = names.get(hostname) ?? { addresses: [], resolvedAt: Number.NEGATIVE_INFINITY, waiting: undefined };
    names.set(hostname, name);
    const answer = (): void => reply(name.addresses, options, callback);
    if (clock.now() - name.resolvedAt < freshMs) {
      process.nextTick(answer);
      return;
    }
    let isAnswered = false;
    const once = (error: NodeJS.ErrnoException | null): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer?.cancel();
      if (error !== null && name.addresses.length === 0) callback(error, []);
      else answer();
    };
    const timer = name.addresses.length > 0 ? clock.setTimeout(() => once(null), patienceMs) : undefined;
    if (name.waiting !== undefined) {
      name.waiting.push(once);
      return;
    }
    name.waiting = [once];
    resolveAll(hostname, (error, addresses) => {
      if (error === null && addresses.length > 0) {
        name.addresses = addresses;
        name.resolvedAt = clock.now();
      }
      const waiting = name.waiting ?? [];
      name.waiting = undefined;
      for (const wake of waiting) wake(error);
    });
  };
}

function reply(addresses: LookupAddress[], options: LookupOptions, callback: LookupCallback): void {
  const wanted = Number(options.family ?? 0);
  const fitting = wanted === 0 ? addresses : addresses.filter(({ family }) => family === wanted);
  if (options.all === true) {
    callback(null, fitting);
    return;
  }
  const [first] = fitting;
  if (first === undefined) callback(Object.assign(new Error('no address of that family'), { code: 'ENOTFOUND' }), []);
  else callback(null, first.address, first.family);
}
