// What a write asks for, read out of its request line, headers and body. Pure.
import { duplicateFields } from '../apimachinery/duplicate-fields.ts';
import { type JsonValue, parseJson } from '../apimachinery/json.ts';
import { decodeProtobuf } from '../apimachinery/protobuf/decode-protobuf.ts';
import { ProtobufError } from '../apimachinery/protobuf/protobuf-error.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { badRequest, invalid, serviceUnavailable, unsupportedMediaType } from '../apimachinery/status.ts';
import { type FieldProblem, invalidValue, notSupported, tooLong } from '../cache/writes/field-problem.ts';
import type { PatchType, WriteRequest, WriteVerb } from '../cache/writes/write-request.ts';

const patchTypes: ReadonlyMap<string, PatchType> = new Map(
  Object.entries<PatchType>({
    'application/json-patch+json': 'json',
    'application/merge-patch+json': 'merge',
    'application/strategic-merge-patch+json': 'strategic',
    'application/apply-patch+yaml': 'apply',
  }),
);

const verbs: readonly string[] = ['create', 'update', 'patch', 'delete', 'deletecollection'] satisfies WriteVerb[];

export function isWrite(info: RequestInfo): boolean {
  return info.gvr !== undefined && verbs.includes(info.verb);
}

export interface WriteParts {
  readonly info: RequestInfo;
  /** Of the object; '' when it is not known. */
  readonly kind: string;
  readonly contentType: string | undefined;
  readonly userAgent: string;
  readonly body: Buffer;
}

/** @throws StatusError 400 for a body that is malformed, 415 for a media type that nobody reads, 422, 503 for one read there only */
export function writeRequestOf({ info, kind, contentType, userAgent, body }: WriteParts): WriteRequest {
  const gvr = info.gvr!;
  checkOptions(info);
  const mediaType = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const apiVersion = gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`;
  const patchType = info.verb === 'patch' ? patchTypeOf(mediaType) : undefined;
  const decoded = patchType === 'apply' ? undefined : decode(body, mediaType, { apiVersion, kind });
  const { query } = info;
  const isCounted = decoded !== undefined && mediaType !== protobufType && validatesFields(info);
  const duplicates = isCounted ? duplicateFields(body.toString()) : [];
  const grace = query.get('gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  return {
    verb: info.verb as WriteVerb,
    gvr,
    kind: kind === '' ? kindOf(decoded) : kind,
    apiVersion,
    namespace: info.namespace,
    name: info.name,
    subresource: info.subresource,
    body: decoded,
    ...(patchType !== undefined && { patchType }),
    ...(duplicates.length > 0 && { duplicates }),
    query: {
      dryRun: query.getAll('dryRun').some((value) => value !== ''),
      fieldManager: fieldManagerOf(query.get('fieldManager') ?? '', userAgent),
      ...(query.get('fieldValidation') === 'Strict' && { isStrict: true }),
      ...(grace !== null && { gracePeriodSeconds: wholeNumber('gracePeriodSeconds', grace) }),
      ...(policy !== null && { propagationPolicy: policy }),
    },
  };
}

const managerLimitBytes = 128;

/** Clients that name no manager are known by what they call themselves, as the apiserver does it. */
function fieldManagerOf(named: string, userAgent: string): string {
  if (named !== '') return named;
  let manager = '';
  for (const letter of userAgent.split('/', 1)[0]!) {
    if (unprintable.test(letter)) continue;
    if (Buffer.byteLength(manager + letter) > managerLimitBytes) break;
    manager += letter;
  }
  return manager;
}

const optionsKinds: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
};
const validations = ['Ignore', 'Strict', 'Warn'];

/** @throws StatusError 422 for what the apiserver refuses of the query, whatever the body says */
function checkOptions({ verb, query }: RequestInfo): void {
  const kind = optionsKinds[verb];
  if (kind === undefined) return;
  const problems: FieldProblem[] = [];
  const [manager, validation] = [query.get('fieldManager') ?? '', query.get('fieldValidation') ?? ''];
  if (Buffer.byteLength(manager) > managerLimitBytes) {
    problems.push(tooLong('fieldManager', managerLimitBytes));
  }
  if (unprintable.test(manager)) {
    problems.push(invalidValue('fieldManager', manager, 'should only contain printable characters'));
  }
  if (validation !== '' && !validations.includes(validation)) {
    problems.push(notSupported('fieldValidation', validation, validations));
  }
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', problems);
}

/** As Go's unicode.IsPrint: of all spaces only the one that everybody knows is printed. */
const unprintable = /[^\P{C} ]|[^\P{Z} ]/u;

/** What stands there more than once, or is not known, is not passed over in silence. Source: apiserver, fieldValidation. */
function validatesFields({ verb, query }: RequestInfo): boolean {
  return optionsKinds[verb] !== undefined && query.get('fieldValidation') !== 'Ignore';
}

function wholeNumber(parameter: string, text: string): number {
  if (/^[-+]?\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(`query parameter ${parameter}: ${JSON.stringify(text)} is not a whole number`);
}

function patchTypeOf(mediaType: string): PatchType {
  const patchType = patchTypes.get(mediaType);
  if (patchType === undefined) throw unsupportedMediaType([...patchTypes.keys()]);
  return patchType;
}

function decode(
  body: Buffer,
  mediaType: string,
  fallback: { apiVersion: string; kind: string },
): JsonValue | undefined {
  if (body.length === 0) return undefined;
  if (mediaType === protobufType) return fromProtobuf(body, fallback);
  if (mediaType !== '' && mediaType !== jsonType && !patchTypes.has(mediaType)) {
    if (mediaType === 'application/yaml') throw serviceUnavailable(onlyThere);
    throw unsupportedMediaType([jsonType, protobufType]);
  }
  try {
    return parseJson(body);
  } catch (cause) {
    throw badRequest(`the body is not JSON: ${(cause as Error).message}`, { cause });
  }
}

const jsonType = 'application/json';
const protobufType = 'application/vnd.kubernetes.protobuf';

function fromProtobuf(body: Buffer, fallback: { apiVersion: string; kind: string }): JsonValue {
  try {
    return decodeProtobuf(body, fallback).object;
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    if (cause.code === 400) throw badRequest(`the body is no protobuf of this kind: ${cause.message}`, { cause });
    if (cause.code === 415) throw unsupportedMediaType([jsonType]);
    throw serviceUnavailable(`the cloud is not reachable, and this body is read only there: ${cause.message}`, {
      cause,
    });
  }
}

const onlyThere =
  'the cloud is not reachable, and a body in YAML is read only there: send it as JSON to have it kept here';

function kindOf(body: JsonValue | undefined): string {
  const kind = typeof body === 'object' && body !== null && 'kind' in body ? body.kind : undefined;
  return typeof kind === 'string' ? kind : '';
}
