// What to answer when the HTTP parser gave up on a connection, or a client was too slow. Pure.
import type { Status } from '../../apimachinery/status.ts';
import { transportStatus } from './request-fault.ts';

/** As Node reports it in `clientError`. */
export interface ParseFailure {
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
}

/** Undefined: nobody is there to read an answer. */
export function parseFailureStatus(failure: ParseFailure): Status | undefined {
  switch (failure.code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return undefined;
    case 'HPE_HEADER_OVERFLOW':
      return transportStatus(431, 'the request line and the headers are too large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return transportStatus(413, 'the chunk extensions are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return transportStatus(408, 'the headers did not arrive in time');
    case 'HPE_INVALID_EOF_STATE':
      return transportStatus(400, 'the request ends in the middle');
    default:
      return transportStatus(400, `malformed HTTP request: ${failure.reason ?? failure.code ?? 'not readable'}`);
  }
}
