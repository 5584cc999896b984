// Custom resources: their schema is not known here, so an object is stored as it was given, and the cloud judges it when
// it is replayed. Source: apiextensions-apiserver pkg/registry/customresource.
import { equalJson, type JsonObject, own, stringifyJson } from '../../../apimachinery/json.ts';
import { internalError, requestEntityTooLarge } from '../../../apimachinery/status.ts';
import { type FieldProblem, invalidValue } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { subdomainProblems } from '../name-syntax.ts';
import { metadataOf, numberOf, textOf, withMembers, withMetadata } from '../object-view.ts';
import { cannotJudge } from '../refusals.ts';
import type { WriteRequest } from '../write-request.ts';
import type { KindRules } from './kind-rules.ts';

/** What etcd takes in one request. */
const objectLimitBytes = 1.5 * 1024 * 1024;

/** @param hasStatus whether the definition has a status subresource; undefined: not known */
export function customResourceRules(
  { gvr, kind, apiVersion, namespace }: Pick<WriteRequest, 'gvr' | 'kind' | 'apiVersion' | 'namespace'>,
  hasStatus: boolean | undefined,
): KindRules {
  const isNamespaced = namespace !== '';
  const unknownStatus = () =>
    cannotJudge(gvr, 'it changes status, and nobody has seen yet whether this kind has a status subresource');
  const problems = (object: JsonObject) => [
    ...metadataProblems(object, isNamespaced, subdomainProblems),
    ...typeProblems(object, 'kind', kind),
    ...typeProblems(object, 'apiVersion', apiVersion),
  ];
  return {
    isNamespaced,
    statusSubresource: hasStatus === undefined ? 'unknown' : hasStatus ? 'own' : 'none',
    allowsUnconditionalUpdate: false,
    allowsCreateOnUpdate: false,
    deletion: { takesPropagation: true, answer: 'status' },
    prepareCreate: (object) => {
      if (hasStatus === undefined && own(object, 'status') !== undefined) throw unknownStatus();
      checkSize(object);
      const kept = hasStatus ? withMembers(object, { status: undefined }) : object;
      return withMetadata(kept, { generation: 1 });
    },
    createProblems: problems,
    prepareUpdate: (after, before, subresource) => {
      if (textOf(after, 'apiVersion') === '') {
        throw internalError("Object 'apiVersion' is missing in 'object has no apiVersion field'"); // a 500 there, too
      }
      checkSize(after);
      if (subresource === 'status') return withMembers(before, { status: own(after, 'status') });
      if (hasStatus === undefined && !equalJson(own(after, 'status'), own(before, 'status'))) throw unknownStatus();
      const next = hasStatus ? withMembers(after, { status: own(before, 'status') }) : after;
      const isSame = equalJson(withoutMetadata(next), withoutMetadata(before));
      const generation = numberOf(metadataOf(before), 'generation') ?? 0;
      return isSame ? next : withMetadata(next, { generation: generation + 1 });
    },
    updateProblems: problems,
  };
}

function typeProblems(object: JsonObject, member: string, expected: string): FieldProblem[] {
  const given = own(object, member);
  return given === expected ? [] : [invalidValue(member, given, `must be ${expected}`)];
}

function withoutMetadata(object: JsonObject): JsonObject {
  return withMembers(object, { metadata: undefined });
}

function checkSize(object: JsonObject): void {
  if (Buffer.byteLength(stringifyJson(object)) > objectLimitBytes) throw requestEntityTooLarge(objectLimitBytes);
}
