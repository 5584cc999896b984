// What can go wrong with the bytes on disk, one class per decision a caller can take.
//
// Damage is not here: a damaged record is reported and left out, never thrown.

export type StorageErrorCode =
  | 'STORAGE_FORMAT'
  | 'STORAGE_LOCKED'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_READ_ONLY'
  | 'STORAGE_KEY'
  | 'STORAGE_CLOSED';

export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The directory is not ours, or a newer release wrote it. Nothing in it was touched. */
export class StorageFormatError extends StorageError {
  readonly directory: string;

  constructor(directory: string, message: string, options?: { cause?: unknown }) {
    super('STORAGE_FORMAT', message, options);
    this.directory = directory;
  }
}

/** Another process has the directory open. */
export class StorageLockedError extends StorageError {
  readonly directory: string;

  constructor(directory: string, options?: { cause?: unknown }) {
    super(
      'STORAGE_LOCKED',
      `${directory} is open in another process, usually a daemon that still runs. Only one can use it: stop that one first, or use another directory.`,
      options,
    );
    this.directory = directory;
  }
}

/** The directory cannot be opened at all: no permission, no space, a dead disk. */
export class StorageUnavailableError extends StorageError {
  readonly directory: string;

  constructor(directory: string, reason: string, options?: { cause?: unknown }) {
    super('STORAGE_UNAVAILABLE', `${directory} cannot be used: ${reason}${adviceOn(options?.cause)}`, options);
    this.directory = directory;
  }
}

function adviceOn(cause: unknown): string {
  if (isNoSpace(cause)) return '. Free some space on its disk, or use another directory';
  const code = errorCode(cause) ?? '';
  if (code === 'EROFS') return '. Its file system is read-only: mend it, or use another directory';
  if (code === 'EACCES' || code === 'EPERM') return '. Run as its owner (usually root), or use another directory';
  return '';
}

/**
 * The disk does not take writes now. The rejected changes are not promised; they may still be found after a restart if the
 * failure came after the bytes had left. Storage tries again by itself and says so through `onHealth`.
 */
export class StorageReadOnlyError extends StorageError {
  constructor(reason: string, options?: { cause?: unknown }) {
    super('STORAGE_READ_ONLY', `Storage is read-only: ${reason}`, options);
  }
}

/** The at-rest key is missing, malformed or readable by others. */
export class StorageKeyError extends StorageError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('STORAGE_KEY', message, options);
  }
}

export class StorageClosedError extends StorageError {
  constructor() {
    super('STORAGE_CLOSED', 'Storage is closed.');
  }
}

/** The `code` of a system or database error, following `cause` down to the first that has one worth reading. */
export function errorCode(error: unknown): string | undefined {
  let code: string | undefined;
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') code = e.code;
  }
  return code;
}

export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${errorText(error.cause)}` : error.message;
}

/** LevelDB passes the kernel's words, Node its code; a full disk is the one failure the reserve can help with. */
export function isNoSpace(error: unknown): boolean {
  return (
    ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '') || /No space left|quota exceeded/i.test(errorText(error))
  );
}
