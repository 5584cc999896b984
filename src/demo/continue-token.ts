// Where a paged LIST goes on: the revision it began at and the key to start from. Opaque to clients, readable for us.
// Source: apiserver pkg/storage/continue.go.

import { posix } from 'node:path';
import { badRequest } from '../apimachinery/status.ts';

export interface ContinueToken {
  /** Negative: go on at the present, whatever has changed since. */
  readonly revision: number;
  /** The first key of the next page, relative to what is listed. */
  readonly startKey: string;
}

export function encodeContinue({ revision, startKey }: ContinueToken): string {
  const json = JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: startKey });
  return Buffer.from(json).toString('base64url');
}

/** Throws BadRequest. */
export function decodeContinue(text: string): ContinueToken {
  const token = parse(text);
  const key = `/${token.start ?? ''}`.replace(/^\/\//, '/');
  if (token.v !== 'meta.k8s.io/v1') throw refused(`server does not recognize this encoded version ${token.v}`);
  if (!Number.isSafeInteger(token.rv) || token.rv === 0)
    throw refused('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (!token.start) throw refused('encoded start key empty (version meta.k8s.io/v1)');
  if (posix.normalize(key) !== key) throw refused(String(token.start));
  return { revision: token.rv as number, startKey: key.slice(1) };
}

function parse(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw refused('illegal base64 data');
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch (cause) {
    throw badRequest('invalid continue token: continue key is not valid', { cause });
  }
  throw refused('not an object');
}

function refused(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
