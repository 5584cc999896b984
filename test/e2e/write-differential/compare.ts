// The real apiserver's answer beside ours, without what can only differ: who manages a field, versions, uids and times.
import { isDeepStrictEqual } from 'node:util';
import { StatusError } from '../../../src/apimachinery/status.ts';
import { computeWrite, type Known } from '../../../src/cache/writes/compute-write.ts';
import type { ComputedWrite, WriteRequest } from '../../../src/cache/writes/write-request.ts';
import type { Answer } from '../api-client.ts';
import type { Loose } from './kinds.ts';

export type Verdict =
  | { readonly is: 'same' }
  | { readonly is: 'undecided'; readonly why: string; readonly wouldBe: number }
  | { readonly is: 'different'; readonly what: string; readonly ours: Loose; readonly theirs: Loose };

export type Ours = { readonly computed: ComputedWrite } | { readonly refused: StatusError };

/** What we say, given the name, uid and time that the real one has drawn. */
export function compute(request: WriteRequest, known: Known, answer: Answer, customStatus: boolean | undefined): Ours {
  const metadata = answer.body?.metadata ?? {};
  try {
    const computed = computeWrite(request, known, {
      resourceVersion: metadata.resourceVersion ?? '999999999',
      now: new Date().toISOString().replace(/\.\d+/, ''),
      newUid: () => metadata.uid ?? 'ours',
      nameSuffix: () => String(metadata.name ?? 'bcdfg').slice(-5),
      ...(customStatus !== undefined && { customStatus }),
    });
    return { computed };
  } catch (error) {
    if (error instanceof StatusError) return { refused: error };
    throw error;
  }
}

export function compare(ours: Ours, answer: Answer, before: Loose, readBack: Loose): Verdict {
  if ('refused' in ours) {
    const { status } = ours.refused;
    if (status.code === 503) return { is: 'undecided', why: status.message, wouldBe: answer.status };
    // Where apiserver has no reason for a 500, we call it what it is.
    const reason = answer.body?.reason ?? (answer.status === 500 ? 'InternalError' : '');
    if (status.code === answer.status && status.reason === reason) return { is: 'same' };
    return { is: 'different', what: 'refusal', ours: status, theirs: answer.body };
  }
  const { computed } = ours;
  if (computed.statusCode !== answer.status) {
    return { is: 'different', what: 'code', ours: computed.answer, theirs: answer.body };
  }
  const form = computed.op === 'delete' ? withoutEmpty : (object: Loose) => object;
  if (!isDeepStrictEqual(form(plain(computed.answer)), form(plain(answer.body)))) {
    return { is: 'different', what: 'answer', ours: plain(computed.answer), theirs: plain(answer.body) };
  }
  if (!isDeepStrictEqual(plain(computed.after), plain(readBack))) {
    return { is: 'different', what: 'what is left', ours: plain(computed.after), theirs: plain(readBack) };
  }
  const isUntouched = before !== undefined && readBack?.metadata.resourceVersion === before.metadata.resourceVersion;
  // Who manages which field is no business of ours: apiserver may write it down where nothing else has changed.
  if (isUntouched && computed.op !== 'none') {
    return { is: 'different', what: `op ${computed.op}`, ours: before, theirs: readBack };
  }
  return { is: 'same' };
}

/**
 * The answer to a write that removes the last finalizer is the object as apiserver has it in memory, never written or read
 * back: there, a list that was given as `[]` is still that, and here it is null, as it would be stored. No Go client can tell.
 */
function withoutEmpty(value: Loose): Loose {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.keys(value).length === 0) return null;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutEmpty(one)]));
}

/** Values of times are replaced by the word that they are there. */
function plain(object: Loose): Loose {
  if (object === undefined) return undefined;
  const copy = structuredClone(object);
  if (copy.details) copy.details = { ...copy.details, uid: 'uid' };
  if (!copy.metadata) return copy;
  for (const key of ['managedFields', 'resourceVersion']) delete copy.metadata[key];
  for (const key of ['uid', 'creationTimestamp', 'deletionTimestamp']) {
    if (copy.metadata[key] !== undefined) copy.metadata[key] = 'set';
  }
  return copy;
}
