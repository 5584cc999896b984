// What a CNI plugin says when it cannot do what it was asked: the error object of the CNI specification, on stdout.

/** Codes of the CNI specification; below 100 they are its own, and `internal` is what host-local uses for all else. */
export const cniErrorCode = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidNetworkConfig: 7,
  invalidNetns: 8,
  tryAgainLater: 11,
  notAvailable: 50,
  internal: 999,
} as const;

export class CniError extends Error {
  override readonly name = 'CniError';
  /** Of the CNI specification; the runtime sees it as `code`. */
  readonly code: number;
  /** Printed as a field of its own; empty when there is nothing to add. */
  readonly details: string;

  constructor(code: number, message: string, { details = '', cause }: { details?: string; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}
