// A port that cannot be opened: which flag asked for it, and what to do.
import { isIPv6 } from 'node:net';

export type ListenErrorCode =
  | 'HOLDFAST_LISTEN_ADDRESS_IN_USE'
  | 'HOLDFAST_LISTEN_NOT_PERMITTED'
  | 'HOLDFAST_LISTEN_NO_SUCH_ADDRESS'
  | 'HOLDFAST_LISTEN_FAILED';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: ListenErrorCode;
  readonly address: ListenAddress;

  constructor(code: ListenErrorCode, address: ListenAddress, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.address = address;
  }
}

/** `flag` with its dashes, e.g. `--listen`. */
export function listenError(cause: unknown, flag: string, address: ListenAddress): ListenError {
  const text = `${flag} ${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new ListenError(
        'HOLDFAST_LISTEN_ADDRESS_IN_USE',
        address,
        `${text}: another program listens there already: stop it, or give another port (\`ss -ltnp 'sport = :${address.port}'\` names it)`,
        { cause },
      );
    case 'EACCES':
      return new ListenError(
        'HOLDFAST_LISTEN_NOT_PERMITTED',
        address,
        `${text}: this user may not open that port: give one above 1023, or the capability CAP_NET_BIND_SERVICE`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
      return new ListenError(
        'HOLDFAST_LISTEN_NO_SUCH_ADDRESS',
        address,
        `${text}: this machine has no such address (\`ip address\` lists them): give one it has, or 0.0.0.0 for all`,
        { cause },
      );
    default:
      return new ListenError('HOLDFAST_LISTEN_FAILED', address, `${text}: ${(cause as Error).message}`, { cause });
  }
}
