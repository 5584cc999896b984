// What a LIST answers: which revision it is served at, which objects it holds, and where the next page begins.
// Source: apiserver pkg/storage/cacher (GetList, delegator) and pkg/storage/interfaces.go.

import type { Clock } from '../apimachinery/clock.ts';
import { badRequest, expired, StatusError, tooLargeResourceVersion } from '../apimachinery/status.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { type ListOptions, parseRevision } from './list-options.ts';
import type { ResourceDefinition } from './resource-definitions.ts';
import { CompactedError } from './revision-log.ts';
import type { Selection } from './selection.ts';
import type { ObjectStore } from './store.ts';
import type { StoredObject } from './stored-object.ts';
import { delay } from './timing.ts';

export interface ListResult {
  readonly objects: readonly StoredObject[];
  readonly resourceVersion: string;
  /** '' on the last page. */
  readonly continueToken: string;
  readonly remainingItemCount: number | undefined;
}

interface Page {
  /** undefined: the present, at least `notBefore`. */
  readonly at: number | undefined;
  readonly notBefore: number;
  readonly startKey: string;
}

export async function listObjects(
  store: ObjectStore,
  definition: ResourceDefinition,
  selection: Selection,
  options: ListOptions,
  wait: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ListResult> {
  const page = pageOf(options);
  await untilRevision(store, Math.max(page.notBefore, page.at ?? 0), wait);
  const at = page.at ?? store.revision;
  const limit = options.resourceVersion === '0' ? 0 : options.limit;
  const prefix = definition.isNamespaced && selection.namespace !== '' ? `${selection.namespace}/` : '';
  const first = `${prefix}${page.startKey}`;
  const candidates = read(store, definition, at, options.continueToken, page.startKey).filter(
    ({ key }) => key.startsWith(prefix) && key >= first,
  );
  const objects: StoredObject[] = [];
  for (const [index, candidate] of candidates.entries()) {
    if (selection.matches(candidate)) objects.push(candidate);
    if (limit === 0 || objects.length < limit || index === candidates.length - 1) continue;
    const token = encodeContinue({ revision: at, startKey: `/${objects.at(-1)!.key.slice(prefix.length)}\0` });
    const remainingItemCount = selection.isEverything ? candidates.length - limit : undefined;
    return { objects, resourceVersion: String(at), continueToken: token, remainingItemCount };
  }
  return { objects, resourceVersion: String(at), continueToken: '', remainingItemCount: undefined };
}

function pageOf(options: ListOptions): Page {
  if (options.continueToken !== '') {
    const { revision, startKey } = decodeContinue(options.continueToken);
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    return { at: revision > 0 ? revision : undefined, notBefore: 0, startKey };
  }
  const revision = parseRevision(options.resourceVersion, 'list');
  const isLegacyExact = options.resourceVersionMatch === '' && options.limit > 0 && revision > 0;
  const isExact = options.resourceVersionMatch === 'Exact' || isLegacyExact;
  return { at: isExact ? revision : undefined, notBefore: revision, startKey: '' };
}

function read(
  store: ObjectStore,
  definition: ResourceDefinition,
  at: number,
  continueToken: string,
  startKey: string,
): readonly StoredObject[] {
  try {
    return store.list(definition, at);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    if (continueToken === '') throw expired('The resourceVersion for the provided list is too old.');
    throw continueExpired({ revision: -1, startKey });
  }
}

/** Says no, and hands out a token with which the rest can be had at the present. */
function continueExpired(token: ContinueToken): StatusError {
  const { status } = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  );
  const metadata: object = { continue: encodeContinue(token) };
  return new StatusError({ ...status, metadata: metadata as Record<string, never> });
}

const freshnessTimeoutMs = 3_000;

/** Waits until the store has reached a revision; after 3 s the Timeout that makes a reflector list anew. */
export async function untilRevision(
  store: ObjectStore,
  revision: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  if (store.revision >= revision) return;
  const reached = new AbortController();
  const unsubscribe = store.subscribe((event) => {
    if (event.revision >= revision) reached.abort();
  });
  await delay(clock, freshnessTimeoutMs, AbortSignal.any([reached.signal, signal]));
  unsubscribe();
  if (store.revision < revision) throw tooLargeResourceVersion(String(revision), String(store.revision));
}
