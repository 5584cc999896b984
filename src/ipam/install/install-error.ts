// Why the plugin was not put in, or not taken out. Each message says what, where, and what to do.

export type InstallErrorCode =
  | 'HOLDFAST_IPAM_DIRECTORY'
  | 'HOLDFAST_IPAM_NETWORK'
  | 'HOLDFAST_IPAM_FOREIGN_FILE'
  | 'HOLDFAST_IPAM_NODE'
  | 'HOLDFAST_IPAM_NOT_BUILT';

export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly code: InstallErrorCode;

  constructor(code: InstallErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
