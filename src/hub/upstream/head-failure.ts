// Response heads that are no answer to whoever asked: one that a gateway wrote in the apiserver's place, and the refusal of
// the node's own credential, which is the hub's matter and never that of a client on the node.
import { isApiserverAnswer } from '../../cache/apiserver-answer.ts';
import type { Credential } from '../../cache/credential.ts';
import { CredentialRefusedError, GatewayAnsweredError } from './errors.ts';
import { isGatewayAnswer } from './headers.ts';

interface Head {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface Asker {
  readonly credential: Credential['kind'];
  /** The hub has a certificate or a token of its own; without one a 401 is what everybody gets. */
  readonly hasNodeCredential: boolean;
}

/** Undefined when the head is an answer. */
export function headFailure({ statusCode, headers }: Head, asker: Asker): Error | undefined {
  if (isGatewayAnswer(statusCode, headers)) return new GatewayAnsweredError(statusCode);
  const isRefused = statusCode === 401 && asker.credential === 'node' && asker.hasNodeCredential;
  return isRefused && isApiserverAnswer(headers) ? new CredentialRefusedError() : undefined;
}
