// One owed write brought to the cloud: looked at, sent, and what came of it. Never sends before the entry is marked as sent
// on disk, so that a crash in between leads to a look, not to a second write.
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import type { Credential } from '../credential.ts';
import { nodeCredential } from '../credential.ts';
import type { Cloud, CloudAnswer } from './cloud.ts';
import { type OutboxEntry, targetPath } from './entry.ts';
import { firstStep, nextStep, type Step } from './next-step.ts';

export type ReplayOutcome =
  | { readonly kind: 'done'; readonly reason: 'applied' | 'superseded'; readonly object?: JsonObject }
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
  /** The cloud answers, but not now. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly reason: string };

const conflictsLimit = 5;

/** @throws what `cloud.send` rejects with: the entry stays as it is, and is looked at next time */
export async function replayEntry(cloud: Cloud, entry: OutboxEntry, signal: AbortSignal): Promise<ReplayOutcome> {
  let step = firstStep(entry);
  let seen: JsonObject | undefined;
  for (let round = 0; round <= conflictsLimit; round++) {
    if (step.kind === 'look') {
      const answer = await ask(cloud, entry, 'GET', undefined, signal);
      const refusal = answer.statusCode === 404 ? undefined : refusalOf(answer);
      if (refusal !== undefined) return refusal;
      seen = answer.statusCode === 404 ? undefined : objectOf(answer);
      step = nextStep(entry, seen);
    }
    if (step.kind === 'done') return { kind: 'done', reason: step.reason, ...(seen && { object: seen }) };
    if (step.kind === 'park') {
      return { ...parked(step.reason, 0, step.conflicts, seen), ...(seen === undefined && { isAbsent: true }) };
    }
    if (step.kind === 'look') continue;
    const answer = await perform(cloud, entry, step, signal);
    const { statusCode } = answer;
    if (statusCode < 300) return through(entry, step, answer, seen);
    // Somebody was there before, or was quicker: look, and decide on what is there now.
    if (statusCode === 409 || statusCode === 404) {
      if (step.kind === 'delete') return { kind: 'done', reason: statusCode === 404 ? 'applied' : 'superseded' };
      if (statusCode === 404 && isNamespaceMissing(answer)) return ofMissingNamespace(entry, answer);
      step = { kind: 'look' };
      continue;
    }
    return refusalOf(answer)!;
  }
  return { kind: 'later', afterMs: 1000, reason: 'others change the same object all the time' };
}

type Sendable = Extract<Step, { kind: 'create' | 'update' | 'delete' }>;

function perform(cloud: Cloud, entry: OutboxEntry, step: Sendable, signal: AbortSignal): Promise<CloudAnswer> {
  if (step.kind === 'create') return ask(cloud, entry, 'POST', step.body, signal);
  if (step.kind === 'update') return ask(cloud, entry, 'PUT', step.body, signal);
  const options: JsonObject = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: step.uid },
    ...(entry.class === 'pod-delete' && { gracePeriodSeconds: 0 }),
  };
  return ask(cloud, entry, 'DELETE', options, signal);
}

function ask(
  cloud: Cloud,
  entry: OutboxEntry,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  body: JsonObject | undefined,
  signal: AbortSignal,
): Promise<CloudAnswer> {
  const { target, writer } = entry;
  const object = targetPath(target);
  const isPart = method === 'PUT' && target.subresource !== '';
  const path =
    method === 'POST' ? object.slice(0, object.lastIndexOf('/')) : isPart ? `${object}/${target.subresource}` : object;
  const manager =
    writer.fieldManager === '' || method === 'GET' || method === 'DELETE'
      ? ''
      : `?fieldManager=${encodeURIComponent(writer.fieldManager)}`;
  const credential: Credential = writer.token === undefined ? nodeCredential : { kind: 'bearer', token: writer.token };
  const { userAgent } = writer;
  return cloud.send({
    credential,
    method,
    path: path + manager,
    userAgent,
    signal,
    ...(body !== undefined && { body: Buffer.from(stringifyJson(body)) }),
  });
}

function through(entry: OutboxEntry, step: Sendable, answer: CloudAnswer, seen: JsonObject | undefined): ReplayOutcome {
  const object = entry.op === 'delete' ? undefined : objectOf(answer);
  if (step.kind === 'update' && step.conflicts !== undefined) {
    const reason = `both sides changed ${step.conflicts.join(', ')}; the cloud's values stand`;
    return { ...parked(reason, 0, step.conflicts, seen), ...(object && { object }) };
  }
  return { kind: 'done', reason: 'applied', ...(object && { object }) };
}

function parked(
  reason: string,
  code: number,
  conflicts: readonly string[] | undefined,
  cloud: JsonObject | undefined,
): Extract<ReplayOutcome, { kind: 'parked' }> {
  return { kind: 'parked', reason, code, ...(conflicts && { conflicts }), ...(cloud && { cloud }) };
}

/** Undefined for an answer that is none. */
function refusalOf(answer: CloudAnswer): ReplayOutcome | undefined {
  const { statusCode, headers } = answer;
  if (statusCode < 300) return undefined;
  if (statusCode === 429 || statusCode >= 500) {
    const seconds = Number(headers['retry-after']);
    const afterMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1000 : 1000;
    return { kind: 'later', afterMs, reason: `the cloud answered ${statusCode}: ${messageOf(answer)}` };
  }
  return parked(`the cloud refused it (${statusCode}): ${messageOf(answer)}`, statusCode, undefined, undefined);
}

/** An Event of a namespace that is gone says nothing to anybody. */
function ofMissingNamespace(entry: OutboxEntry, answer: CloudAnswer): ReplayOutcome {
  if (entry.class === 'event') return { kind: 'done', reason: 'superseded' };
  return parked(`the cloud refused it (404): ${messageOf(answer)}`, 404, undefined, undefined);
}

function isNamespaceMissing(answer: CloudAnswer): boolean {
  const status = statusOf(answer);
  const details = status?.details;
  return isJsonObject(details) && details.kind === 'namespaces';
}

function messageOf(answer: CloudAnswer): string {
  const message = statusOf(answer)?.message;
  return typeof message === 'string' ? message : answer.body.subarray(0, 200).toString();
}

function statusOf({ body }: CloudAnswer): JsonObject | undefined {
  try {
    const value = parseJson(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // not every refusal is a Status
  }
}

function objectOf(answer: CloudAnswer): JsonObject {
  const value = parseJson(answer.body);
  if (!isJsonObject(value)) throw new TypeError('the cloud answered with something that is no object');
  return value;
}
