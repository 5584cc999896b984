// What a write asks for, read out of its request line, headers and body. Pure.
import { type JsonValue, parseJson } from '../apimachinery/json.ts';
import { decodeProtobuf } from '../apimachinery/protobuf/decode-protobuf.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { badRequest, serviceUnavailable, unsupportedMediaType } from '../apimachinery/status.ts';
import type { PatchType, WriteRequest, WriteVerb } from '../cache/writes/write-request.ts';

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

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

/** @throws StatusError 400 for a body that is malformed, 415 for a media type that nobody reads, 503 for one read there only */
export function writeRequestOf({ info, kind, contentType, userAgent, body }: WriteParts): WriteRequest {
  const gvr = info.gvr!;
  const mediaType = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const apiVersion = gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`;
  const patchType = info.verb === 'patch' ? patchTypeOf(mediaType) : undefined;
  const decoded = patchType === 'apply' ? undefined : decode(body, mediaType, { apiVersion, kind });
  const { query } = info;
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
    query: {
      dryRun: query.getAll('dryRun').some((value) => value !== ''),
      // Clients that name no manager are known by what they call themselves, as the apiserver does it.
      fieldManager: query.get('fieldManager') ?? userAgent.split('/', 1)[0]!,
      ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
      ...(policy !== null && { propagationPolicy: policy }),
    },
  };
}

function patchTypeOf(mediaType: string): PatchType {
  const patchType = patchTypes[mediaType];
  if (patchType === undefined) throw unsupportedMediaType(Object.keys(patchTypes));
  return patchType;
}

function decode(
  body: Buffer,
  mediaType: string,
  fallback: { apiVersion: string; kind: string },
): JsonValue | undefined {
  if (body.length === 0) return undefined;
  if (mediaType === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(body, fallback).object;
  if (mediaType !== '' && mediaType !== 'application/json' && patchTypes[mediaType] === undefined) {
    if (mediaType === 'application/yaml') throw serviceUnavailable(onlyThere);
    throw unsupportedMediaType(['application/json', 'application/vnd.kubernetes.protobuf']);
  }
  try {
    return parseJson(body);
  } catch (cause) {
    throw badRequest(`the body is not JSON: ${(cause as Error).message}`, { cause });
  }
}

const onlyThere =
  'the cloud is not reachable, and a body in YAML is read only there: send it as JSON to have it kept here';

function kindOf(body: JsonValue | undefined): string {
  const kind = typeof body === 'object' && body !== null && 'kind' in body ? body.kind : undefined;
  return typeof kind === 'string' ? kind : '';
}
