// POST, and PUT of what is not there where the kind allows it. Source: apiserver pkg/registry/rest/create.go.
import { type JsonObject, own } from '../../apimachinery/json.ts';
import { alreadyExists, internalError, invalid, StatusError } from '../../apimachinery/status.ts';
import { decodeObject } from './decode-object.ts';
import { decodeBody, inNamespace, withSingleOwners } from './decode-request.ts';
import type { KindRules } from './kinds/kind-rules.ts';
import { metadataProblems } from './metadata-problems.ts';
import { generatedName } from './name-syntax.ts';
import { isSet, metadataOf, textOf, withMetadata } from './object-view.ts';
import { cannotJudge, isUndecided } from './refusals.ts';
import type { ComputedWrite, Known, WriteContext, WriteRequest } from './write-request.ts';

export function computeCreate(
  request: WriteRequest,
  known: Known,
  context: WriteContext,
  rules: KindRules,
): ComputedWrite {
  const wiped = {
    creationTimestamp: undefined,
    uid: undefined,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
    managedFields: undefined,
  };
  const decoded = withMetadata(decodeBody(request, undefined).object, wiped);
  const object = withSingleOwners(inNamespace(decoded, request.namespace));
  if (request.subresource !== '') throw cannotJudge(request.gvr, `nothing is created in ${request.subresource}`);
  return create(request, object, known, context, rules);
}

/** @param object of this kind, namespace and name, without what the system writes into metadata */
export function create(
  request: WriteRequest,
  object: JsonObject,
  known: Known,
  context: WriteContext,
  rules: KindRules,
): ComputedWrite {
  const [name, generateName] = [textOf(metadataOf(object), 'name'), textOf(metadataOf(object), 'generateName')];
  const isGenerated = name === '' && generateName !== '';
  if (known.state === 'unknown' && !isGenerated && rules.isNamedUniquely?.(object) !== true) {
    throw cannotJudge(
      request.gvr,
      `nobody has seen yet whether ${JSON.stringify(name)} exists; a list of them that was read while the cloud was reachable would tell`,
    );
  }
  const named = withMetadata(object, {
    name: isGenerated ? generatedName(generateName, context.nameSuffix()) : name,
    uid: context.newUid(),
    creationTimestamp: context.now,
  });
  if (known.state === 'present' && !isGenerated) {
    checkTaken(request, named, rules);
    throw taken(request, known.object);
  }
  const prepared = rules.prepareCreate(named);
  checkNew(request, prepared, rules);
  const versioned = withMetadata(prepared, { resourceVersion: context.resourceVersion });
  const after = decodeObject(request, versioned, undefined);
  return { op: 'create', statusCode: 201, before: undefined, after, answer: after };
}

/** What may not be created here may still be known to exist: a Node that registers again. */
function checkTaken(request: WriteRequest, named: JsonObject, rules: KindRules): void {
  try {
    checkNew(request, rules.prepareCreate(named), rules);
  } catch (error) {
    // As it came it may have faults that apiserver would have wiped away.
    if (!isUndecided(error) || !isFaultless(request, named, rules)) throw error;
  }
}

function isFaultless(request: WriteRequest, object: JsonObject, rules: KindRules): boolean {
  try {
    checkNew(request, object, rules);
    return true;
  } catch (error) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}

/** @throws StatusError 422, or 500 as there for a version in a new object */
function checkNew(request: WriteRequest, object: JsonObject, rules: KindRules): void {
  const problems = rules.createProblems(object);
  const all = problems.length > 0 ? problems : metadataProblems(object, rules.isNamespaced);
  if (all.length > 0) {
    throw invalid({ group: request.gvr.group, kind: request.kind }, textOf(metadataOf(object), 'name'), all);
  }
  const version = textOf(metadataOf(object), 'resourceVersion');
  if (/^0*[1-9]\d*$/.test(version)) {
    throw internalError('resourceVersion should not be set on objects to be created'); // a 500 there, too
  }
}

function taken(request: WriteRequest, present: JsonObject): StatusError {
  const error = alreadyExists(request.gvr, textOf(metadataOf(present), 'name'));
  if (!isSet(own(metadataOf(present), 'deletionTimestamp'))) return error;
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.status.message}` });
}
