// A patch put on an object, with apiserver's codes for what does not fit. Source: apiserver pkg/endpoints/handlers/patch.go.
import { isJsonObject, type JsonObject, type JsonValue, own } from '../../apimachinery/json.ts';
import { jsonMergePatch } from '../../apimachinery/patch/json-merge-patch.ts';
import { jsonPatch } from '../../apimachinery/patch/json-patch.ts';
import { PatchError } from '../../apimachinery/patch/patch-error.ts';
import { strategicMergePatch } from '../../apimachinery/patch/strategic-merge-patch.ts';
import { ConformError } from '../../apimachinery/schema/conform.ts';
import { schemaOf } from '../../apimachinery/schema/schema-of.ts';
import {
  badRequest,
  internalError,
  invalid,
  StatusError,
  status,
  unsupportedMediaType,
} from '../../apimachinery/status.ts';
import { decodeObject } from './decode-object.ts';
import { type AskedObject, nameless } from './decode-request.ts';
import { invalidValue } from './field-problem.ts';
import { isCustomResource } from './kinds/rules-of.ts';
import { textOf, withMembers } from './object-view.ts';
import { cannotJudge } from './refusals.ts';
import { strictProblems } from './strict-problems.ts';
import type { WriteRequest } from './write-request.ts';

const forCustomResources = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

/** @throws StatusError 415 for a strategic patch of a custom resource, whatever stands there */
export function checkPatchType(request: WriteRequest): void {
  if (request.patchType !== 'strategic' || schemaOf(request.apiVersion, request.kind) !== undefined) return;
  throw unsupportedMediaType(forCustomResources);
}

/** @throws StatusError 400, 413, 422, 500; 503 for fields that we do not know */
export function patchObject(request: WriteRequest, before: JsonObject): AskedObject {
  const { kind, apiVersion, patchType } = request;
  const complete = withMembers(before, { kind, apiVersion });
  try {
    const patched = apply(request, complete);
    if (!isJsonObject(patched)) throw new PatchError(422, 'what is left is no object');
    for (const key of ['kind', 'apiVersion']) {
      if (typeof (own(patched, key) ?? '') !== 'string') throw misfit(`.${key} is no text`);
    }
    const typed = patchType === 'strategic' ? withMembers(patched, { kind, apiVersion }) : withType(request, patched);
    const object = decodeObject(request, typed, before);
    const strictly = strictProblems(request);
    if (strictly !== undefined) throw misfit(strictly);
    return { given: patched, object };
  } catch (error) {
    if (error instanceof PatchError) throw fromPatchError(error);
    if (error instanceof ConformError) throw misfit(error.message);
    throw error;
  }
}

function apply(request: WriteRequest, object: JsonObject): JsonValue {
  const { body, patchType } = request;
  switch (patchType) {
    case 'json':
      return jsonPatch(object, body);
    case 'merge':
      return jsonMergePatch(object, body ?? null);
    default:
      if (body === null) return object;
      if (!isJsonObject(body)) throw new PatchError(400, 'a strategic merge patch is an object');
      return strategicMergePatch(schemaOf(request.apiVersion, request.kind)!, object, body);
  }
}

/** The patched object as one of this kind. What it says itself is judged as there, where a missing word is no lie. */
function withType(request: WriteRequest, patched: JsonObject): JsonObject {
  const { kind, apiVersion } = request;
  const given = { kind: textOf(patched, 'kind'), apiVersion: textOf(patched, 'apiVersion') };
  if (isCustomResource(request)) {
    if (given.kind === '') throw misfit("Object 'Kind' is missing");
    if (own(patched, 'apiVersion') === null) throw misfit('.apiVersion is no text');
    return patched; // of another kind, or of no version: it is told so later
  }
  if (given.kind === kind && given.apiVersion !== apiVersion && schemaOf(given.apiVersion, kind) !== undefined) {
    throw cannotJudge(request.gvr, `it says that it is of ${given.apiVersion}`);
  }
  if ((given.kind || kind) !== kind || (given.apiVersion || apiVersion) !== apiVersion) {
    throw misfit(`no kind ${JSON.stringify(given.kind)} is registered for version ${JSON.stringify(given.apiVersion)}`);
  }
  if (given.apiVersion === '') throw nameless(request.name); // without a version nothing in it is understood
  return withMembers(patched, { kind, apiVersion });
}

function misfit(detail: string): StatusError {
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', '', detail)]);
}

function fromPatchError(error: PatchError): StatusError {
  switch (error.code) {
    case 400:
      return badRequest(error.message, { cause: error });
    case 413:
      return new StatusError(status('RequestEntityTooLarge', error.message), { cause: error });
    case 422: {
      const message = `the server rejected our request due to an error in our request: ${error.message}`;
      return new StatusError(status('Invalid', message, {}), { cause: error });
    }
    default:
      return internalError(error.message, { cause: error });
  }
}
