// Response heads that are no answer to whoever asked: one that a gateway wrote in the apiserver's place, and the refusal of
// the node's own credential, which is the hub's matter and never that of a client on the node.
import { type AnswerHead, isApiserverAnswer, isRefusedBehind } from '../../cache/apiserver-answer.ts';
import type { Credential } from '../../cache/credential.ts';
import { CredentialRefusedError, GatewayAnsweredError } from './errors.ts';
import { isGatewayAnswer } from './headers.ts';

interface Asker {
  readonly credential: Credential['kind'];
  /** The hub has a certificate or a token of its own; without one a 401 is what everybody gets. */
  readonly hasNodeCredential: boolean;
}

/** Undefined when the head is an answer. */
export function headFailure(head: AnswerHead, asker: Asker): Error | undefined {
  const { statusCode, headers } = head;
  if (isGatewayAnswer(statusCode, headers)) return new GatewayAnsweredError(statusCode);
  const isRefused = statusCode === 401 && asker.credential === 'node' && asker.hasNodeCredential;
  return isRefused && isApiserverAnswer(headers) && !isRefusedBehind(head) ? new CredentialRefusedError() : undefined;
}
