// Why a command could not start or go on, in words that say what to do. Our own errors already do, and what the system said
// about it stays in their cause, for the debug log; the system's own errors are put into words here. Pure.
import { errorCatalogue } from '../hub/error-catalogue.ts';
import { CniError } from '../ipam/cni/cni-error.ts';

/** One or more lines for a person; errors that are not known here keep their own message. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isOurs(error)) return error.message;
  if (error instanceof CniError) return ofDirectory(error);
  return explanations.map((explain) => explain(error)).find((text) => text !== undefined) ?? wholeMessage(error);
}

const explanations: readonly ((
  error: NodeJS.ErrnoException & { port?: number; address?: string },
) => string | undefined)[] = [
  ({ code, path }) =>
    (code === 'EACCES' || code === 'EPERM') && path !== undefined
      ? `no permission for ${path}; run as its owner (usually root), or give a place of your own with --data-dir`
      : undefined,
  ({ code, path }) => (code === 'ENOENT' && path !== undefined ? `there is no ${path}` : undefined),
  ({ code, path }) =>
    code === 'EROFS'
      ? `${path ?? 'the data directory'} is on a read-only file system; give a writable place with --data-dir`
      : undefined,
  ({ code, path }) =>
    (code === 'EEXIST' || code === 'ENOTDIR') && path !== undefined
      ? `${path} cannot be a directory: a file is in the way; give another place with --data-dir`
      : undefined,
  ({ code, path }) => (code === 'ENOSPC' ? `the disk of ${path ?? 'the data directory'} is full` : undefined),
];

/** Of the directory of kept addresses. */
function ofDirectory({ message, details, cause }: CniError): string {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return `${message}; run this as root`;
  return details === '' ? message : `${message}: ${details}`;
}

function isOurs(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && Object.hasOwn(errorCatalogue, error.code);
}

function wholeMessage(error: Error): string {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  if (cause === '' || error.message.includes(cause.slice(2))) return error.message;
  return `${error.message.replace(/\.$/, '')}${cause}`;
}
