// What can be wrong with the hub's own keys and certificates on disk. Every message names the file and says what to do;
// whatever is there stays as it is.

export type PkiErrorCode =
  | 'HOLDFAST_PKI_UNREADABLE'
  | 'HOLDFAST_PKI_UNWRITABLE'
  | 'HOLDFAST_PKI_DAMAGED'
  | 'HOLDFAST_PKI_INCOMPLETE'
  | 'HOLDFAST_PKI_FOREIGN';

export class PkiError extends Error {
  override readonly name = 'PkiError';
  readonly code: PkiErrorCode;
  readonly path: string;

  constructor(code: PkiErrorCode, path: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}
