// What the fault proxy can do to an answer, and what it keeps of a request.
import type { IncomingHttpHeaders } from 'node:http';

export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** User name of the client certificate, if one was presented. */
  readonly certificateUser: string | undefined;
  readonly atMs: number;
  status?: number;
  bodyBytes: number;
  /** Undefined while the answer is under way. */
  end?: 'whole' | 'cut' | 'client left';
}

/**
 * - `status`: this Status, without asking the apiserver.
 * - `answer`: this answer, without asking the apiserver.
 * - `cut`: the apiserver's answer, its connection reset after so many body bytes.
 * - `stall`: the apiserver's answer, silent after so many body bytes, connection open.
 * - `delay`: the apiserver's answer, its headers late.
 * - `silence`: no answer, connection open.
 */
export type Fault =
  | { kind: 'status'; code: number; reason?: string; message?: string; retryAfterSeconds?: number }
  | { kind: 'answer'; code: number; headers?: Record<string, string>; body: string | Buffer }
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'stall'; afterBytes: number }
  | { kind: 'delay'; headersMs: number }
  | { kind: 'silence' };

/** A later page of a list: where a 410 in the middle belongs. */
export const isContinued = (request: RecordedRequest): boolean => request.query.has('continue');
export const isWatch = (request: RecordedRequest): boolean => /^(true|1)$/.test(request.query.get('watch') ?? '');

/** The body of a `status` fault. */
export function statusOf(fault: Extract<Fault, { kind: 'status' }>): object {
  const usual: Record<number, string> = {
    410: 'Expired',
    429: 'TooManyRequests',
    500: 'InternalError',
    503: 'ServiceUnavailable',
  };
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: fault.message ?? 'injected by the fault proxy',
    reason: fault.reason ?? usual[fault.code] ?? '',
    code: fault.code,
    ...(fault.retryAfterSeconds !== undefined && { details: { retryAfterSeconds: fault.retryAfterSeconds } }),
  };
}
