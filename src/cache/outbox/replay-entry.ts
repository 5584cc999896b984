// One owed write brought to the cloud: looked at, sent, and what came of it. Never sends before the entry is marked as sent
// on disk, so that a crash in between leads to a look, not to a second write.
import { isJsonArray, isJsonObject, type JsonObject, parseJson } from '../../apimachinery/json.ts';
import { isApiserverAnswer } from '../apiserver-answer.ts';
import { isHeld } from '../cloud-word.ts';
import type { Cloud, CloudAnswer } from './cloud.ts';
import { isEvent, type OutboxEntry } from './entry.ts';
import { nodeOfOwnPod } from './look-at-own-pod.ts';
import { firstStep, nextStep, type Step, stepAfterRefusal } from './next-step.ts';
import { replayRequests } from './replay-requests.ts';

export type ReplayOutcome =
  | {
      readonly kind: 'done';
      readonly reason: 'applied' | 'superseded';
      /** As the cloud has it now; 'absent' when it has none, undefined when that was not seen. */
      readonly object?: JsonObject | 'absent';
    }
  | {
      readonly kind: 'parked';
      readonly reason: string;
      readonly code: number;
      readonly conflicts?: readonly string[];
      readonly cloud?: JsonObject;
      /** The cloud has no such object. */
      readonly isAbsent?: true;
      /** What the cloud took of it, if a part. */
      readonly object?: JsonObject;
    }
  /** The cloud does not take this credential, and has not looked at the write. `isForGood`: its writer is no more. */
  | { readonly kind: 'unauthorized'; readonly reason: string; readonly isForGood?: true }
  /** The cloud answers, but not now. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly reason: string; readonly code: number };

export interface ReplayOptions {
  readonly cloud: Cloud;
  /** Undefined: with the node's own credential. */
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

const conflictsLimit = 5;

/** @throws what `cloud.send` rejects with: the entry stays as it is, and is looked at next time */
export async function replayEntry(entry: OutboxEntry, options: ReplayOptions): Promise<ReplayOutcome> {
  const { look, perform } = replayRequests(entry, options);
  let step = decided(() => firstStep(entry));
  let seen: JsonObject | undefined;
  let hasLooked = false;
  for (let round = 0; round <= conflictsLimit; round++) {
    if (step.kind === 'look') {
      const answer = await look();
      const refusal = isMissing(answer) ? undefined : refusalOf(answer);
      if (refusal !== undefined) return ofLook(entry, refusal);
      seen = isMissing(answer) ? undefined : objectOf(answer);
      if (seen === undefined && !isMissing(answer)) return unreadable;
      hasLooked = true;
      const cloud = seen;
      step = decided(() => nextStep(entry, cloud));
    }
    if (step.kind === 'done') {
      return { kind: 'done', reason: step.reason, ...(hasLooked && { object: seen ?? 'absent' }) };
    }
    if (step.kind === 'park') {
      return { ...parked(step.reason, 0, step.conflicts, seen), ...(seen === undefined && { isAbsent: true }) };
    }
    if (step.kind === 'look') continue;
    const answer = await perform(step, seen);
    const { statusCode } = answer;
    if (statusCode < 300) {
      if (step.kind === 'update' && step.isFirstOfTwo) {
        step = { kind: 'look' };
        continue;
      }
      return through(step, answer, seen);
    }
    if (isApiserverAnswer(answer.headers) && (statusCode === 409 || statusCode === 404)) {
      if (step.kind === 'delete' && statusCode === 404) return { kind: 'done', reason: 'applied', object: 'absent' };
      if (statusCode === 404 && step.kind === 'create') return ofMissingPlace(entry, answer);
      step = stepAfterRefusal(entry, step, statusCode);
      continue;
    }
    if (entry.class === 'event' && isNamespaceEnding(answer)) return { kind: 'done', reason: 'superseded' };
    // NodeRestriction refuses what is meant for a pod that is on another node by now.
    if (statusCode === 403 && !hasLooked && nodeOfOwnPod(entry) !== undefined) {
      step = { kind: 'look' };
      continue;
    }
    return refusalOf(answer)!;
  }
  return { kind: 'later', afterMs: 1000, reason: 'others change the same object all the time', code: 409 };
}

/** What cannot be worked out is shown to people; it must not hold up the rest. */
function decided(step: () => Step): Step {
  try {
    return step();
  } catch (error) {
    return { kind: 'park', reason: `what to do with it could not be worked out: ${String(error)}` };
  }
}

type Sendable = Extract<Step, { kind: 'create' | 'update' | 'delete' }>;

function through(step: Sendable, answer: CloudAnswer, seen: JsonObject | undefined): ReplayOutcome {
  const answered = objectOf(answer);
  if (step.kind === 'delete') {
    return {
      kind: 'done',
      reason: 'applied',
      object: answered !== undefined && isHeld(answered) ? answered : 'absent',
    };
  }
  if (step.kind === 'update' && step.conflicts !== undefined) {
    const reason = `both sides changed ${step.conflicts.join(', ')}; the cloud's values stand`;
    return { ...parked(reason, 0, step.conflicts, seen), ...(answered && { object: answered }) };
  }
  return { kind: 'done', reason: 'applied', ...(answered && { object: answered }) };
}

function parked(
  reason: string,
  code: number,
  conflicts: readonly string[] | undefined,
  cloud: JsonObject | undefined,
): Extract<ReplayOutcome, { kind: 'parked' }> {
  return { kind: 'parked', reason, code, ...(conflicts && { conflicts }), ...(cloud && { cloud }) };
}

const unreadable: ReplayOutcome = { kind: 'later', afterMs: 1000, reason: "the cloud's answer is no object", code: 0 };

/** The apiserver says so; what stands in front of it says the same while there is no apiserver. */
function isMissing({ statusCode, headers }: CloudAnswer): boolean {
  return statusCode === 404 && isApiserverAnswer(headers);
}

/** Undefined for an answer that is none. */
function refusalOf(answer: CloudAnswer): ReplayOutcome | undefined {
  const { statusCode, headers } = answer;
  if (statusCode < 300) return undefined;
  const reason = `the cloud answered ${statusCode}: ${messageOf(answer)}`;
  if (statusCode === 429 || statusCode >= 500 || !isApiserverAnswer(headers)) {
    const seconds = Number(headers['retry-after']);
    const afterMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1000 : 1000;
    return { kind: 'later', afterMs, reason, code: statusCode };
  }
  if (statusCode === 401) return { kind: 'unauthorized', reason };
  return parked(`the cloud refused it (${statusCode}): ${messageOf(answer)}`, statusCode, undefined, undefined);
}

/** The refusal is one of reading, which a person who mends rights has to know. */
function ofLook(entry: OutboxEntry, refusal: ReplayOutcome): ReplayOutcome {
  if (isEvent(entry) || refusal.kind !== 'parked' || refusal.code !== 403) return refusal;
  return {
    ...refusal,
    reason: `what the cloud has must be seen first, and its writer may not get it: ${refusal.reason}`,
  };
}

/** Its namespace is gone, or its kind. An Event of a place that is gone says nothing to anybody. */
function ofMissingPlace(entry: OutboxEntry, answer: CloudAnswer): ReplayOutcome {
  if (entry.class === 'event') return { kind: 'done', reason: 'superseded' };
  return parked(`the cloud refused it (404): ${messageOf(answer)}`, 404, undefined, undefined);
}

function isNamespaceEnding(answer: CloudAnswer): boolean {
  const details = bodyOf(answer)?.details;
  const causes = isJsonObject(details) && isJsonArray(details.causes) ? details.causes : [];
  return causes.some((cause) => isJsonObject(cause) && cause.reason === 'NamespaceTerminating');
}

function messageOf(answer: CloudAnswer): string {
  const message = bodyOf(answer)?.message;
  return typeof message === 'string' ? message : answer.body.subarray(0, 200).toString();
}

/** Undefined for a Status, as a DELETE may be answered with, and for what is no JSON. */
function objectOf(answer: CloudAnswer): JsonObject | undefined {
  const value = bodyOf(answer);
  return value?.kind === 'Status' ? undefined : value;
}

function bodyOf({ body }: CloudAnswer): JsonObject | undefined {
  try {
    const value = parseJson(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // not every answer comes from an apiserver
  }
}
