// Bodies of writes, checked against the URL: kind, name and namespace.
import { isJsonObject, type JsonObject, own } from '../../apimachinery/json.ts';
import { ConformError } from '../../apimachinery/schema/conform.ts';
import { badRequest, type StatusError } from '../../apimachinery/status.ts';
import { decodeObject } from './decode-object.ts';
import { isCustomResource } from './kinds/rules-of.ts';
import { metadataOf, textOf, withMembers, withMetadata } from './object-view.ts';
import { strictProblems } from './strict-problems.ts';
import type { WriteRequest } from './write-request.ts';

/** What a PUT or PATCH asks for. */
export interface AskedObject {
  /** As it is read, by its type. */
  readonly object: JsonObject;
  /** As it came, or was patched together: `{}` and nothing are still two things. */
  readonly given: JsonObject;
}

/** @throws StatusError 400 for what is no object of this kind */
export function decodeBody(request: WriteRequest, before: JsonObject | undefined): AskedObject {
  const { body, kind, apiVersion } = request;
  if (!isJsonObject(body)) throw badRequest(`the object provided is unrecognized (must be of type ${kind})`);
  const given = { kind: textOf(body, 'kind'), apiVersion: textOf(body, 'apiVersion') };
  const isCustom = isCustomResource(request);
  if (isCustom && given.kind === '') throw badRequest("Object 'Kind' is missing");
  if (!isCustom && given.kind !== '' && given.kind !== kind) {
    throw badRequest(`${given.kind} in version ${JSON.stringify(given.apiVersion)} cannot be handled as a ${kind}`);
  }
  if (given.apiVersion !== '' && given.apiVersion !== apiVersion) {
    const message = `the API version in the data (${given.apiVersion}) does not match the expected API version (${apiVersion})`;
    throw badRequest(message);
  }
  try {
    const typed = withMembers(body, { kind: isCustom ? given.kind : kind, apiVersion });
    const object = decodeObject(request, typed, before);
    const strictly = strictProblems(request);
    if (strictly !== undefined) throw unreadable(request, strictly);
    return { given: body, object };
  } catch (error) {
    if (!(error instanceof ConformError)) throw error;
    throw unreadable(request, error.message, error);
  }
}

function unreadable({ kind, gvr }: WriteRequest, problem: string, cause?: Error): StatusError {
  const version = JSON.stringify(gvr.version);
  return badRequest(`${kind} in version ${version} cannot be handled as a ${kind}: ${problem}`, { cause });
}

/** @throws StatusError 400 when another namespace is named */
export function inNamespace(object: JsonObject, namespace: string): JsonObject {
  const given = textOf(metadataOf(object), 'namespace');
  if (given === namespace) return object;
  if (given !== '' && namespace !== '') {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return withMetadata(object, { namespace: namespace === '' ? undefined : namespace });
}

/** @throws StatusError 400 when another name is named, or none */
export function checkName(object: JsonObject, name: string): void {
  const given = textOf(metadataOf(object), 'name');
  if (given === '') throw nameless(name);
  if (given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
}

export function nameless(name: string): StatusError {
  return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
}

/** Owners that are named twice in the same words are one. */
export function withSingleOwners(object: JsonObject): JsonObject {
  const owners = own(metadataOf(object), 'ownerReferences');
  if (!Array.isArray(owners)) return object;
  const texts = owners.map((owner) => JSON.stringify(owner));
  const single = owners.filter((_owner, i) => texts.indexOf(texts[i]!) === i);
  return single.length === owners.length ? object : withMetadata(object, { ownerReferences: single });
}
