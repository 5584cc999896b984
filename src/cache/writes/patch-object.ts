// A patch put on an object, with apiserver's codes for what does not fit. Source: apiserver pkg/endpoints/handlers/patch.go.
import { isJsonObject, type JsonObject, type JsonValue } from '../../apimachinery/json.ts';
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
import type { AskedObject } from './decode-request.ts';
import { invalidValue } from './field-problem.ts';
import { textOf, withMembers } from './object-view.ts';
import type { WriteRequest } from './write-request.ts';

const forCustomResources = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

/** @throws StatusError 415 for a strategic patch of a custom resource, whatever stands there */
export function checkPatchType(request: WriteRequest): void {
  if (request.patchType !== 'strategic' || schemaOf(request.apiVersion, request.kind) !== undefined) return;
  throw unsupportedMediaType('application/strategic-merge-patch+json', forCustomResources);
}

/** @throws StatusError 400, 413, 422, 500; 503 for fields that we do not know */
export function patchObject(request: WriteRequest, before: JsonObject): AskedObject {
  const { kind, apiVersion } = request;
  const complete = withMembers(before, { kind, apiVersion });
  try {
    const patched = apply(request, complete);
    if (!isJsonObject(patched)) throw new PatchError(422, 'what is left is no object');
    if (request.patchType !== 'strategic') checkType(request, patched);
    return { given: patched, object: decodeObject(request, withMembers(patched, { kind, apiVersion }), before) };
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

function checkType({ kind, apiVersion }: WriteRequest, patched: JsonObject): void {
  const given = { kind: textOf(patched, 'kind') || kind, apiVersion: textOf(patched, 'apiVersion') || apiVersion };
  if (given.kind === kind && given.apiVersion === apiVersion) return;
  throw misfit(`${given.apiVersion}, Kind=${given.kind} is no ${apiVersion}, Kind=${kind}`);
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
