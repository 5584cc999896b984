// One patch, applied by kube-apiserver and by us: are the two results, or the two refusals, the same?
import {
  equalJson,
  isJsonObject,
  type JsonDraft,
  type JsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../../../src/apimachinery/json.ts';
import { applyPatch, type PatchType } from '../../../src/apimachinery/patch/apply-patch.ts';
import { PatchError } from '../../../src/apimachinery/patch/patch-error.ts';
import type { TypeSchema } from '../../../src/apimachinery/schema/type-schema.ts';
import type { ApiClient } from '../api-client.ts';

/**
 * `equal` the same object; `defaulted` the same once apiserver has put its defaults into ours; `refused` with the same
 * code; `later` apiserver refused what comes after the patch (validation, name and namespace); `different` a bug.
 */
export type Verdict = 'equal' | 'defaulted' | 'refused' | 'later' | 'different';

export interface Comparison {
  readonly verdict: Verdict;
  readonly code: number;
  /** For a reader, when they differ. */
  readonly story: string;
}

export interface Subject {
  readonly admin: ApiClient;
  readonly schema: TypeSchema;
  /** Of the object, with its subresource. */
  readonly path: string;
  /** As served. */
  readonly original: JsonObject;
}

export async function compare(subject: Subject, type: PatchType, patch: JsonValue): Promise<Comparison> {
  const body = Buffer.from(stringifyJson(patch));
  const answer = await send(subject, 'PATCH', body, type);
  const ours = applyOurs(subject, type, body);
  const { code } = answer;
  if (code >= 200 && code < 300) {
    if (ours instanceof PatchError) return different(subject, type, body, answer, ours);
    if (equalJson(comparable(ours), comparable(answer.body))) return { verdict: 'equal', code, story: '' };
    const defaulted = await send(subject, 'PUT', Buffer.from(stringifyJson(ours)), 'application/json');
    const isEqual = defaulted.code < 300 && equalJson(comparable(defaulted.body), comparable(answer.body));
    if (isEqual) return { verdict: 'defaulted', code, story: '' };
    return different(subject, type, body, answer, ours);
  }
  if (isLater(answer)) {
    return ours instanceof PatchError
      ? different(subject, type, body, answer, ours)
      : { verdict: 'later', code, story: '' };
  }
  const isSame = ours instanceof PatchError && (ours.code === code || code === panicked);
  return isSame ? { verdict: 'refused', code, story: '' } : different(subject, type, body, answer, ours);
}

const panicked = 0;

interface Sent {
  readonly code: number;
  readonly body: JsonObject;
}

async function send({ admin, path }: Subject, method: string, body: Buffer, type: string): Promise<Sent> {
  try {
    const { status, raw } = await admin.request(method, `${path}?dryRun=All`, body, {
      headers: { 'content-type': type },
    });
    const answer = parseJson(raw);
    return { code: status, body: isJsonObject(answer) ? answer : {} };
  } catch (error) {
    // Values that cannot be compared make apiserver's own merge panic: the connection ends without an answer.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    return { code: panicked, body: {} };
  }
}

function applyOurs({ schema, original }: Subject, type: PatchType, body: Buffer): JsonObject | PatchError {
  try {
    return applyPatch(schema, type, original, body).object;
  } catch (error) {
    if (error instanceof PatchError) return error;
    throw error;
  }
}

/** Refusals of the patched object name its kind, those of the patch do not. */
function isLater({ code, body }: Sent): boolean {
  const details = isJsonObject(body.details) ? body.details : {};
  if (code === 422) return typeof details.kind === 'string' && details.kind !== '';
  return code === 409 || (code === 400 && /^the (name|namespace|object provided)/.test(String(body.message)));
}

/** Without what the server writes on its own at each write. */
function comparable(object: JsonObject): JsonObject {
  const metadata: JsonDraft = isJsonObject(object.metadata) ? { ...object.metadata } : {};
  for (const key of ['managedFields', 'resourceVersion', 'generation']) delete metadata[key];
  return { ...object, metadata };
}

function different(
  { original }: Subject,
  type: PatchType,
  body: Buffer,
  answer: Sent,
  ours: JsonObject | PatchError,
): Comparison {
  const story = [
    `${type} ${body}`,
    `of     ${stringifyJson(comparable(original))}`,
    `theirs ${answer.code} ${stringifyJson(answer.code < 300 ? comparable(answer.body) : answer.body)}`,
    `ours   ${ours instanceof PatchError ? `${ours.code} ${ours.message}` : stringifyJson(comparable(ours))}`,
  ].join('\n');
  return { verdict: 'different', code: answer.code, story };
}
