// The one place where errors become a Status. What each code means stands in error-catalogue.ts.
import { type Status, StatusError, status } from '../apimachinery/status.ts';
import { errorCatalogue } from './error-catalogue.ts';

/**
 * The Status that a client gets for an error. A StatusError is its own; a code of the catalogue gives the reason and
 * the error its message; anything else is a fault of ours and says no more than that.
 */
export function toStatus(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reason =
    typeof code === 'string' && Object.hasOwn(errorCatalogue, code) ? errorCatalogue[code]?.reason : undefined;
  if (reason !== undefined && error instanceof Error) return status(reason, error.message);
  return status('InternalError', 'Internal error occurred: Holdfast could not answer; its log says why');
}
