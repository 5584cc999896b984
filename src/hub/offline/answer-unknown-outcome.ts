// A write was sent, and the connection was lost before its answer. Where such a write may be kept here it is: the cloud is
// looked at before it is sent again, so that it is done once, whichever it was. Any other is answered with the truth.
import { gatewayTimeout, type StatusError } from '../../apimachinery/status.ts';
import type { KnownState } from '../../cache/outbox/outcome.ts';
import { toStatus } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import type { Services } from '../services.ts';
import type { UpstreamUnreachableError } from '../upstream/errors.ts';
import { acceptWrite } from './accept-write.ts';

/**
 * @param sentOnto what was known of the object when it was sent
 * @throws StatusError 504 when only the cloud knows what became of it
 */
export async function answerUnknownOutcome(
  services: Services,
  exchange: Exchange,
  error: UpstreamUnreachableError,
  sentOnto: KnownState,
): Promise<void> {
  // Read before it was sent only where it may be kept.
  if (exchange.readBody === undefined) throw outcomeUnknown(exchange, error);
  try {
    await acceptWrite(services, exchange, { sentOnto });
  } catch (refusal) {
    // Whatever was judged here was judged by what was known before: it is no answer to what the cloud may have done.
    throw toStatus(refusal).reason === 'InternalError' ? refusal : outcomeUnknown(exchange, error);
  }
}

function outcomeUnknown({ request }: Exchange, cause: UpstreamUnreachableError): StatusError {
  return gatewayTimeout(
    `the ${request.method} was sent, but the connection to the cloud was lost before its answer: the outcome is unknown, read the object before you repeat it`,
    { cause },
  );
}
