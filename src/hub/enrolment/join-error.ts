// Why a machine did not become a node, or did not stop being one. Every message says what is wrong and what to do; what
// was on the machine is as it was.

export type JoinErrorCode =
  | 'HOLDFAST_JOIN_TOKEN'
  | 'HOLDFAST_JOIN_AUTHORITY'
  | 'HOLDFAST_JOIN_CLOCK'
  | 'HOLDFAST_JOIN_UNREACHABLE'
  | 'HOLDFAST_JOIN_NAME_TAKEN'
  | 'HOLDFAST_JOIN_REFUSED'
  | 'HOLDFAST_JOIN_PENDING'
  | 'HOLDFAST_JOIN_SOURCE'
  | 'HOLDFAST_JOIN_PLACES'
  | 'HOLDFAST_JOIN_OTHER_NAME'
  | 'HOLDFAST_JOIN_FILES'
  | 'HOLDFAST_JOIN_OTHER_KUBECONFIG'
  | 'HOLDFAST_JOIN_REPLACED'
  | 'HOLDFAST_LEAVE_NOT_JOINED'
  | 'HOLDFAST_LEAVE_CHANGED'
  | 'HOLDFAST_LEAVE_WRITES_WAIT';

export class JoinError extends Error {
  override readonly name = 'JoinError';
  readonly code: JoinErrorCode;

  constructor(code: JoinErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
