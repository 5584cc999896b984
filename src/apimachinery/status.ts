// metav1.Status: how the Kubernetes API says no. The code follows from the reason, so the two can never disagree, and a
// 503 never carries retryAfterSeconds: client-go would sleep on it and repeat each call up to ten times. Below it one
// factory for each refusal we make ourselves, worded close to apiserver's, because clients and people grep for those words.
// Source: apimachinery pkg/api/errors.

import type { GroupVersionResource } from './group-version-resource.ts';

const codeByReason = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServerTimeout: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const;

export type StatusReason = keyof typeof codeByReason;

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The resource in plural, not the Kind: apiserver writes 'pods' here, except in Invalid, where it is the Kind. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  /** Seconds; also copied into the Retry-After header by whoever sends the Status. */
  readonly retryAfterSeconds?: number;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Failure' | 'Success';
  readonly message: string;
  readonly reason: StatusReason;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** A Failure in the field order apiserver writes. Source: apimachinery pkg/apis/meta/v1 types.go, Status. */
export function status(reason: StatusReason, message: string, details?: StatusDetails): Status {
  const code = codeByReason[reason];
  const kept = code === 503 ? withoutRetryAfter(details) : details;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(kept === undefined ? {} : { details: kept }),
    code,
  };
}

function withoutRetryAfter(details: StatusDetails | undefined): StatusDetails | undefined {
  if (details?.retryAfterSeconds === undefined) return details;
  const { retryAfterSeconds: _dropped, ...kept } = details;
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** Carries a Status up to the one place that writes it on the wire. `code` is the reason; `status.code` the HTTP code. */
export class StatusError extends Error {
  readonly status: Status;
  readonly code: StatusReason;

  constructor(status: Status, options?: { cause?: unknown }) {
    super(status.message, options);
    this.name = 'StatusError';
    this.status = status;
    this.code = status.reason;
  }
}

interface Caused {
  /** What made us say so; stays in the log, never on the wire. */
  readonly cause?: unknown;
}

type NamedResource = Pick<GroupVersionResource, 'group' | 'resource'>;

function failure(reason: StatusReason, message: string, details?: StatusDetails, options?: Caused): StatusError {
  return new StatusError(status(reason, message, details), options);
}

/** 'pods' or 'deployments.apps', the way apiserver names a resource in messages. */
function qualified({ group, resource }: NamedResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function detailsOf({ group, resource }: NamedResource, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource };
}

/** 400. Say what is wrong, where, and what to send instead. */
export function badRequest(message: string, options?: Caused): StatusError {
  return failure('BadRequest', message, undefined, options);
}

/** 401: the caller is not who it must be. Never for "we cannot tell while offline": that is serviceUnavailable. */
export function unauthorized(message = 'Unauthorized', options?: Caused): StatusError {
  return failure('Unauthorized', message, undefined, options);
}

/** 403 on a resource (name '' for a collection). */
export function forbidden(resource: NamedResource, name: string, message: string, options?: Caused): StatusError {
  const subject = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return failure('Forbidden', `${subject} is forbidden: ${message}`, detailsOf(resource, name), options);
}

/** 404: known absent. Only inside a complete scope. */
export function notFound(resource: NamedResource, name: string): StatusError {
  return failure('NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

/** 404 for a path that no one serves. */
export function pathNotFound(): StatusError {
  return failure('NotFound', 'the server could not find the requested resource', {});
}

export function methodNotAllowed(resource: NamedResource, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind "${qualified(resource)}"`;
  return failure('MethodNotAllowed', message, detailsOf(resource, ''));
}

export function notAcceptable(accepted: readonly string[], options?: Caused): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(', ')}`;
  return failure('NotAcceptable', message, undefined, options);
}

export function alreadyExists(resource: NamedResource, name: string): StatusError {
  return failure('AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name));
}

export function conflict(resource: NamedResource, name: string, message: string): StatusError {
  const text = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${message}`;
  return failure('Conflict', text, detailsOf(resource, name));
}

/** 410: the resourceVersion or continue token is older than what is remembered; the client lists again. */
export function expired(message: string): StatusError {
  return failure('Expired', message);
}

export function requestEntityTooLarge(limitBytes: number): StatusError {
  return failure('RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure('UnsupportedMediaType', message);
}

/** 422 on a Kind, with one cause for each field. */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[],
): StatusError {
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const problems = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
  const details = {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes,
  };
  return failure('Invalid', `${subject} "${name}" is invalid: ${list}`, details);
}

/** 429, the one refusal that asks the client to come back after some seconds. */
export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return failure('TooManyRequests', message, { retryAfterSeconds });
}

export function internalError(message: string, options?: Caused): StatusError {
  const causes = [{ message }];
  return failure('InternalError', `Internal error occurred: ${message}`, { causes }, options);
}

/** 503: we cannot vouch for an answer now. Never with a Retry-After. */
export function serviceUnavailable(message: string, options?: Caused): StatusError {
  return failure('ServiceUnavailable', message, undefined, options);
}

export function gatewayTimeout(message: string, options?: Caused): StatusError {
  return failure('Timeout', `Timeout: ${message}`, undefined, options);
}

/** 504 that makes a reflector repeat the call once or twice and then list with resourceVersion="". */
export function tooLargeResourceVersion(requested: string, current: string): StatusError {
  return failure('Timeout', `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}
