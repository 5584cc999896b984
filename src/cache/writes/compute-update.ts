// PUT and PATCH, of the object and of its status. Source: apiserver pkg/registry/rest/update.go and
// pkg/registry/generic/registry/store.go.
import { equalJson, type JsonObject, own } from '../../apimachinery/json.ts';
import {
  conflict,
  internalError,
  invalid,
  notFound,
  pathNotFound,
  type StatusError,
} from '../../apimachinery/status.ts';
import { create } from './compute-create.ts';
import { decodeObject } from './decode-object.ts';
import { type AskedObject, checkName, decodeBody, inNamespace, withSingleOwners } from './decode-request.ts';
import { invalidValue } from './field-problem.ts';
import type { KindRules } from './kinds/kind-rules.ts';
import { metadataProblems, metadataUpdateProblems } from './metadata-problems.ts';
import { isSet, listOf, metadataOf, numberOf, textOf, withMembers, withMetadata } from './object-view.ts';
import { checkPatchType, patchObject } from './patch-object.ts';
import { cannotJudge } from './refusals.ts';
import type { ComputedWrite, Known, WriteContext, WriteRequest } from './write-request.ts';

const staleMessage = 'the object has been modified; please apply your changes to the latest version and try again';

export function computeUpdate(
  request: WriteRequest,
  known: Known,
  context: WriteContext,
  rules: KindRules,
): ComputedWrite {
  const { gvr, name, subresource } = request;
  if (subresource === 'status' && rules.statusSubresource !== 'own') {
    if (rules.statusSubresource === 'none') throw pathNotFound();
    throw cannotJudge(gvr, 'nobody has seen yet whether this kind has a status subresource');
  }
  if (request.verb === 'patch') checkPatchType(request);
  if (known.state === 'unknown') throw cannotJudge(gvr, `nobody has seen yet what ${JSON.stringify(name)} is`);
  if (known.state === 'absent') return updateOfNothing(request, known, context, rules);
  const before = known.object;
  const { given, object } = request.verb === 'patch' ? patchObject(request, before) : decodeBody(request, before);
  const asked = inNamespace(object, request.namespace);
  checkName(asked, name);
  if (request.verb === 'update') checkUid(request, asked, before);
  checkVersion(request, asked, before, rules);
  const last = asRead(request, before);
  const after = judged(request, { object: asked, given }, last, rules);
  const isSame = equalJson(after, last);
  return result(after, before, isSame, context);
}

function updateOfNothing(request: WriteRequest, known: Known, context: WriteContext, rules: KindRules): ComputedWrite {
  const { gvr, name } = request;
  if (request.verb === 'patch') throw notFound(gvr, name);
  const given = inNamespace(decodeBody(request, undefined).object, request.namespace);
  checkName(given, name);
  if (!rules.allowsCreateOnUpdate) throw notFound(gvr, name);
  checkUid(request, given, undefined);
  versionGiven(given);
  const wiped = { managedFields: undefined, selfLink: undefined, resourceVersion: undefined };
  return create(request, withSingleOwners(withMetadata(given, wiped)), known, context, rules);
}

/** The uid in a PUT is a precondition. */
function checkUid(request: WriteRequest, asked: JsonObject, before: JsonObject | undefined): void {
  const [wanted, found] = [textOf(metadataOf(asked), 'uid'), textOf(metadataOf(before ?? {}), 'uid')];
  if (wanted === '' || wanted === found) return;
  const detail = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
  throw conflict(request.gvr, request.name, detail);
}

/** @throws StatusError 500, as there, for what is no number */
function versionGiven(object: JsonObject): string {
  const version = textOf(metadataOf(object), 'resourceVersion');
  if (/^\d*$/.test(version)) return version;
  throw internalError(`metadata.resourceVersion ${JSON.stringify(version)} is no number`);
}

function checkVersion(request: WriteRequest, asked: JsonObject, before: JsonObject, rules: KindRules): void {
  const version = versionGiven(asked);
  if (/^0*$/.test(version)) {
    if (rules.allowsUnconditionalUpdate) return;
    const problem = invalidValue('metadata.resourceVersion', 0, 'must be specified for an update');
    const { group, resource } = request.gvr;
    throw invalid({ group, kind: resource }, request.name, [problem]);
  }
  if (version !== textOf(metadataOf(before), 'resourceVersion'))
    throw conflict(request.gvr, request.name, staleMessage);
}

/** The object as it will stand, with the old resourceVersion. */
function judged(
  request: WriteRequest,
  { object, given }: AskedObject,
  before: JsonObject,
  rules: KindRules,
): JsonObject {
  const last = metadataOf(before);
  const kept = {
    generation: own(last, 'generation'),
    managedFields: own(last, 'managedFields'),
    resourceVersion: own(last, 'resourceVersion'),
    selfLink: undefined,
  };
  const single = withSingleOwners(withMetadata(object, kept));
  const prepared = rules.prepareUpdate(single, before, request.subresource);
  const after = withMetadata(prepared, systemMembers(metadataOf(prepared), last));
  const problems = [
    ...metadataProblems(after, rules.isNamespaced),
    ...metadataUpdateProblems(after, before),
    ...rules.updateProblems(after, before, request.subresource, given),
  ];
  if (problems.length > 0) throw problemsOf(request, problems);
  return decodeObject(request, after, before);
}

/** Without the same problem twice: common rules and those of the kind overlap. */
function problemsOf(request: WriteRequest, problems: Parameters<typeof invalid>[2]): StatusError {
  const texts = problems.map(({ field, message }) => `${field}: ${message}`);
  const single = problems.filter((_problem, i) => texts.indexOf(texts[i]!) === i);
  return invalid({ group: request.gvr.group, kind: request.kind }, request.name, single);
}

/** What an update can neither change nor leave out. */
function systemMembers(next: JsonObject, last: JsonObject): Parameters<typeof withMetadata>[1] {
  const grace = own(next, 'deletionGracePeriodSeconds') ?? own(last, 'deletionGracePeriodSeconds');
  const deletion = own(last, 'deletionTimestamp');
  return {
    uid: textOf(next, 'uid') || textOf(last, 'uid'),
    creationTimestamp: own(last, 'creationTimestamp'),
    ...(isSet(deletion) && { deletionTimestamp: deletion }),
    ...(grace !== undefined && { deletionGracePeriodSeconds: grace }),
  };
}

/** Another version of the apiserver may write the same object in another form. */
function asRead(request: WriteRequest, before: JsonObject): JsonObject {
  const { kind, apiVersion } = request;
  return decodeObject(request, withMembers(before, { kind, apiVersion }), before);
}

function result(after: JsonObject, before: JsonObject, isSame: boolean, context: WriteContext): ComputedWrite {
  const last = metadataOf(before);
  const isDeleting = isSet(own(last, 'deletionTimestamp')) && (numberOf(last, 'deletionGracePeriodSeconds') ?? 0) === 0;
  const answer = withMetadata(after, { resourceVersion: context.resourceVersion });
  if (isDeleting && listOf(metadataOf(after), 'finalizers').length === 0) {
    return { op: 'delete', statusCode: 200, before, after: undefined, answer };
  }
  if (isSame) return { op: 'none', statusCode: 200, before, after: before, answer: before };
  return { op: 'update', statusCode: 200, before, after: answer, answer };
}
