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
import { StatusError } from '../../../src/apimachinery/status.ts';
import { patchObject } from '../../../src/cache/writes/patch-object.ts';
import type { WriteRequest } from '../../../src/cache/writes/write-request.ts';
import type { ApiClient } from '../api-client.ts';

/**
 * `equal` the same object; `defaulted` the same once apiserver has put its defaults into ours; `refused` with the same
 * code; `later` apiserver refused what comes after the patch (validation, name and namespace); `undecided` we say that only
 * the cloud can tell, for the patch brings a field that we do not know; `different` a bug.
 */
export type Verdict = 'equal' | 'defaulted' | 'refused' | 'later' | 'undecided' | 'different';

const patchTypes = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
} as const;
export type PatchMediaType = keyof typeof patchTypes;

export interface Comparison {
  readonly verdict: Verdict;
  readonly code: number;
  /** For a reader, when they differ. */
  readonly story: string;
}

export interface Subject {
  readonly admin: ApiClient;
  readonly kind: string;
  readonly apiVersion: string;
  /** Of the object, with its subresource. */
  readonly path: string;
  /** As served. */
  readonly original: JsonObject;
}

export async function compare(subject: Subject, type: PatchMediaType, patch: JsonValue): Promise<Comparison> {
  const body = Buffer.from(stringifyJson(patch));
  const answer = await send(subject, 'PATCH', body, type);
  const ours = applyOurs(subject, type, body);
  const { code } = answer;
  if (isUndecided(ours)) return { verdict: 'undecided', code, story: '' };
  if (code >= 200 && code < 300) {
    if (ours instanceof StatusError) return different(subject, type, body, answer, ours);
    if (equalJson(comparable(ours), comparable(answer.body))) return { verdict: 'equal', code, story: '' };
    const defaulted = await send(subject, 'PUT', Buffer.from(stringifyJson(ours)), 'application/json');
    const isEqual = defaulted.code < 300 && equalJson(comparable(defaulted.body), comparable(answer.body));
    if (isEqual) return { verdict: 'defaulted', code, story: '' };
    return different(subject, type, body, answer, ours);
  }
  if (isLater(answer) && !(ours instanceof StatusError)) return { verdict: 'later', code, story: '' };
  const isSame = ours instanceof StatusError && (ours.status.code === code || code === panicked);
  return isSame ? { verdict: 'refused', code, story: '' } : different(subject, type, body, answer, ours);
}

function isUndecided(ours: JsonObject | StatusError): boolean {
  return ours instanceof StatusError && ours.status.code === 503 && /is not known here|it says that/.test(ours.message);
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

function applyOurs(
  { kind, apiVersion, original }: Subject,
  type: PatchMediaType,
  body: Buffer,
): JsonObject | StatusError {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const request: WriteRequest = {
    verb: 'patch',
    gvr: { group, version, resource: kind.toLowerCase() },
    kind,
    apiVersion,
    namespace: 'default',
    name: 'subject',
    subresource: '',
    body: parseJson(body),
    patchType: patchTypes[type],
    query: { dryRun: false, fieldManager: '' },
  };
  try {
    return patchObject(request, original).object;
  } catch (error) {
    if (error instanceof StatusError) return error;
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
  type: PatchMediaType,
  body: Buffer,
  answer: Sent,
  ours: JsonObject | StatusError,
): Comparison {
  const story = [
    `${type} ${body}`,
    `of     ${stringifyJson(comparable(original))}`,
    `theirs ${answer.code} ${stringifyJson(answer.code < 300 ? comparable(answer.body) : answer.body)}`,
    `ours   ${ours instanceof StatusError ? `${ours.status.code} ${ours.message}` : stringifyJson(comparable(ours))}`,
  ].join('\n');
  return { verdict: 'different', code: answer.code, story };
}
