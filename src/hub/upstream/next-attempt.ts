// Whether a request that got no response head may be sent once more, and to whom. Pure apart from asking who is up.
// Promise: a request that may have reached a server is repeated only if it cannot change anything (GET, HEAD).

import { CredentialRefusedError, ExchangeEndedError, type UpstreamPhase } from './errors.ts';
import { isBrokenConnection } from './failure-reason.ts';
import type { Server, Servers } from './servers.ts';

export interface FailedAttempt {
  readonly method: string;
  readonly phase: UpstreamPhase;
  readonly error: unknown;
  readonly server: Server;
  readonly tried: ReadonlySet<Server>;
  /** This request was already sent twice to the same server. */
  readonly wasRepeated: boolean;
}

/** Undefined: give up. The same server again only where its answer was lost, not where it could not be reached. */
export function nextAttempt(failed: FailedAttempt, servers: Servers): Server | undefined {
  // Every server of a cluster knows the same credentials.
  if (failed.error instanceof CredentialRefusedError) return undefined;
  const isSafe = failed.method === 'GET' || failed.method === 'HEAD';
  if (failed.phase === 'sent' && !isSafe) return undefined;
  const other = servers.next(failed.tried);
  if (other !== undefined && !failed.tried.has(other)) return other;
  const wasLost = failed.phase === 'sent' && (isBrokenConnection(failed.error) || isSilence(failed.error));
  return wasLost && !failed.wasRepeated ? failed.server : undefined;
}

/** Not the link, but this one connection may have died unnoticed: a fresh one tells. */
function isSilence(error: unknown): boolean {
  return error instanceof ExchangeEndedError && error.reason === 'silent';
}
