// What apiserver finds wrong with the metadata of an object. Source: apimachinery pkg/api/validation, objectmeta.go.
import { equalJson, type JsonObject, own } from '../../apimachinery/json.ts';
import { labelKeyProblems, labelValueProblems } from '../../apimachinery/label-syntax.ts';
import { type FieldProblem, immutableDetail, invalidValue, missing, notAllowed, tooLong } from './field-problem.ts';
import { asPrefix, dnsLabelProblems, pathSegmentProblems } from './name-syntax.ts';
import { isSet, listOf, metadataOf, numberOf, objectsOf, textOf, textsOf } from './object-view.ts';

const annotationsLimitBytes = 256 * 1024;

export type NameRule = (name: string) => readonly string[];

/** As the object stands, whether it is new or not. */
export function metadataProblems(
  object: JsonObject,
  isNamespaced: boolean,
  nameRule: NameRule = pathSegmentProblems,
): readonly FieldProblem[] {
  const metadata = metadataOf(object);
  const problems: FieldProblem[] = [];
  const generateName = textOf(metadata, 'generateName');
  if (generateName !== '') {
    // As one segment of a path nothing is masked; the rules that mask a dash at the end all forbid it there.
    const judged = nameRule === pathSegmentProblems ? generateName : asPrefix(generateName);
    for (const detail of nameRule(judged)) {
      problems.push(invalidValue('metadata.generateName', generateName, detail));
    }
  }
  const name = textOf(metadata, 'name');
  if (name === '') problems.push(missing('metadata.name', 'name or generateName is required'));
  else for (const detail of nameRule(name)) problems.push(invalidValue('metadata.name', name, detail));
  const namespace = textOf(metadata, 'namespace');
  if (!isNamespaced) {
    if (namespace !== '') problems.push(notAllowed('metadata.namespace', 'not allowed on this type'));
  } else if (namespace === '') problems.push(missing('metadata.namespace'));
  else {
    for (const detail of dnsLabelProblems(namespace)) {
      problems.push(invalidValue('metadata.namespace', namespace, detail));
    }
  }
  const generation = numberOf(metadata, 'generation') ?? 0;
  if (generation < 0) {
    problems.push(invalidValue('metadata.generation', generation, 'must be greater than or equal to 0'));
  }
  problems.push(...labelsProblems(metadata), ...annotationsProblems(metadata), ...ownersProblems(metadata));
  problems.push(...finalizersProblems(metadata));
  return problems;
}

function labelsProblems(metadata: JsonObject): FieldProblem[] {
  return textsOf(metadata, 'labels').flatMap(([key, value]) => [
    ...labelKeyProblems(key).map((detail) => invalidValue('metadata.labels', key, detail)),
    ...labelValueProblems(value).map((detail) => invalidValue('metadata.labels', value, detail)),
  ]);
}

function annotationsProblems(metadata: JsonObject): FieldProblem[] {
  const annotations = textsOf(metadata, 'annotations');
  const problems = annotations.flatMap(([key]) =>
    labelKeyProblems(key.toLowerCase()).map((detail) => invalidValue('metadata.annotations', key, detail)),
  );
  let sizeBytes = 0;
  for (const [key, value] of annotations) sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (sizeBytes > annotationsLimitBytes) problems.push(tooLong('metadata.annotations', annotationsLimitBytes));
  return problems;
}

function ownersProblems(metadata: JsonObject): FieldProblem[] {
  const field = 'metadata.ownerReferences';
  const owners = objectsOf(metadata, 'ownerReferences');
  const problems: FieldProblem[] = [];
  for (const owner of owners) {
    const apiVersion = textOf(owner, 'apiVersion');
    if (apiVersion === '' || apiVersion.endsWith('/')) {
      problems.push(invalidValue(`${field}.apiVersion`, apiVersion, 'version must not be empty'));
    }
    for (const key of ['kind', 'name', 'uid']) {
      if (textOf(owner, key) === '') problems.push(invalidValue(`${field}.${key}`, '', 'must not be empty'));
    }
    if (apiVersion === 'v1' && textOf(owner, 'kind') === 'Event') {
      problems.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
  }
  const controllers = owners.filter((owner) => own(owner, 'controller') === true);
  if (controllers.length > 1) {
    const [one, other] = controllers.map((owner) => `${textOf(owner, 'kind')}/${textOf(owner, 'name')}`);
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${one} and ${other}`;
    problems.push(invalidValue(field, owners, detail));
  }
  return problems;
}

function finalizersProblems(metadata: JsonObject): FieldProblem[] {
  const finalizers = listOf(metadata, 'finalizers').map(String);
  const problems = finalizers.flatMap((finalizer) =>
    labelKeyProblems(finalizer).map((detail) => invalidValue('metadata.finalizers', finalizer, detail)),
  );
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const detail = 'finalizer orphan and foregroundDeletion cannot be both set';
    problems.push(invalidValue('metadata.finalizers', finalizers, detail));
  }
  return problems;
}

const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'];

/** What may not become of an object that is there. */
export function metadataUpdateProblems(after: JsonObject, before: JsonObject): readonly FieldProblem[] {
  const [next, last] = [metadataOf(after), metadataOf(before)];
  const problems: FieldProblem[] = [];
  if (isSet(own(last, 'deletionTimestamp'))) {
    const old = new Set(listOf(last, 'finalizers'));
    const added = listOf(next, 'finalizers').filter((one) => !old.has(one));
    if (added.length > 0) {
      const list = added.map((one) => JSON.stringify(one)).join(', ');
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
      problems.push(notAllowed('metadata.finalizers', detail));
    }
  }
  for (const key of immutable) {
    const value = own(next, key);
    if (isSet(value) || isSet(own(last, key))) {
      if (!equalJson(value, own(last, key))) problems.push(invalidValue(`metadata.${key}`, value, immutableDetail));
    }
  }
  return problems;
}
