// What a disk or the kernel refuses, as a CNI error.
import { CniError, cniErrorCode } from '../cni/cni-error.ts';

/** Others may have given it back by the next time. */
const passing = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY'];

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the file system has no space or no inodes left; nothing was given out or freed',
  EDQUOT: 'the quota is used up; nothing was given out or freed',
  EROFS: 'the file system is read-only, perhaps after an error of its disk; nothing was given out or freed',
  EACCES: 'the caller may not write there; nothing was given out or freed',
  EPERM: 'the caller may not write there; nothing was given out or freed',
};

/** @returns a CniError with the cause; one that is already there stays as it is */
export function diskError(error: unknown, directory: string): CniError {
  if (error instanceof CniError) return error;
  const { code = '', message } = firstOf(error) as NodeJS.ErrnoException;
  const isPassing = passing.includes(code);
  return new CniError(
    isPassing ? cniErrorCode.tryAgainLater : cniErrorCode.internal,
    `cannot use ${directory}: ${message}`,
    { details: advice[code] ?? '', cause: error },
  );
}

/** The disk has refused something, and will again. */
export const isRefusedByDisk = (error: unknown): error is CniError =>
  error instanceof CniError &&
  error.code === cniErrorCode.internal &&
  error.cause !== undefined &&
  (firstOf(error.cause) as NodeJS.ErrnoException).code !== undefined;

/** Of one whose undoing failed as well, the first cause. */
function firstOf(error: unknown): Error {
  const first: unknown = error instanceof AggregateError ? error.cause : error;
  return first instanceof Error ? first : new Error(String(first));
}
