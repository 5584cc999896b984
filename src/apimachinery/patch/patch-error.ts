// Why a patch was refused, with the HTTP code that apiserver gives for it.

/**
 * 400 the patch is malformed, 413 it has too many operations, 415 the kind cannot be patched so, 422 it does not fit the object, 500 what apiserver itself
 * answers to patches it cannot merge (a missing merge key, a list of mixed elements): refused all the same, only worded
 * less kindly there.
 */
export type PatchErrorCode = 400 | 413 | 415 | 422 | 500;

export class PatchError extends Error {
  readonly code: PatchErrorCode;

  constructor(code: PatchErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PatchError';
    this.code = code;
  }
}
