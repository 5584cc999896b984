// The two watch frames that carry no object of the scope: BOOKMARK and ERROR.
import type { Status } from '../../apimachinery/status.ts';
import { HistoryExpiredError, UpstreamProtocolError, UpstreamStatusError } from '../errors.ts';
import { upstreamVersion } from '../upstream-object.ts';

export interface Bookmark {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  /** Everything that existed has been sent (annotation `k8s.io/initial-events-end`, KEP-3157). */
  readonly initialEventsEnd: boolean;
}

export function readBookmark(bytes: Buffer): Bookmark {
  const object = parse(bytes);
  const resourceVersion = upstreamVersion(object.metadata?.resourceVersion, 'a bookmark');
  return {
    kind: String(object.kind ?? ''),
    apiVersion: String(object.apiVersion ?? ''),
    resourceVersion,
    initialEventsEnd: object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true',
  };
}

/** The error that an ERROR frame stands for. */
export function readErrorFrame(bytes: Buffer): Error {
  const status = parse(bytes) as Partial<Status>;
  if (status.code === 410) return new HistoryExpiredError(status.message ?? 'the watch history has expired');
  return new UpstreamStatusError({
    statusCode: status.code ?? 500,
    headers: { 'content-type': 'application/json' },
    body: bytes,
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is checked field by field above
function parse(bytes: Buffer): any {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new UpstreamProtocolError('a watch frame is not JSON', { cause });
  }
}
