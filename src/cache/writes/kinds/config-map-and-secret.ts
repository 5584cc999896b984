// ConfigMap and Secret. Source: pkg/registry/core/{configmap,secret}, pkg/apis/core/validation.
import { equalJson, isJsonObject, type JsonObject, type JsonValue, own } from '../../../apimachinery/json.ts';
import { type FieldProblem, immutableDetail, invalidValue, missing, notAllowed, tooLong } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { dataKeyProblems, subdomainProblems } from '../name-syntax.ts';
import { childOf, metadataOf, textOf, textsOf, withMembers } from '../object-view.ts';
import { asItStands, type KindRules } from './kind-rules.ts';

const dataLimitBytes = 1024 * 1024;

const common = {
  isNamespaced: true,
  statusSubresource: 'none',
  allowsUnconditionalUpdate: true,
  allowsCreateOnUpdate: false,
  deletion: { takesPropagation: true, answer: 'status' },
} as const;

export const configMapRules: KindRules = {
  ...common,
  prepareCreate: asItStands,
  createProblems: configMapProblems,
  prepareUpdate: asItStands,
  updateProblems: (after, before, _subresource, given) => [
    ...immutableProblems(after, before, given, ['data', 'binaryData'], 'data'),
    ...configMapProblems(after),
  ],
};

export const secretRules: KindRules = {
  ...common,
  prepareCreate: withStringData,
  createProblems: secretProblems,
  prepareUpdate: withStringData,
  updateProblems: (after, before, _subresource, given) => [
    ...(textOf(after, 'type') === textOf(before, 'type')
      ? []
      : [invalidValue('type', own(after, 'type'), immutableDetail)]),
    ...immutableProblems(after, before, given, ['data']),
    ...secretProblems(after),
  ],
};

function configMapProblems(object: JsonObject): FieldProblem[] {
  const [data, binaryData] = [textsOf(object, 'data'), textsOf(object, 'binaryData')];
  const problems = [...metadataProblems(object, true, subdomainProblems)];
  const binary = childOf(object, 'binaryData');
  let sizeBytes = 0;
  for (const [key, value] of data) {
    problems.push(...keyProblems('data', key));
    if (Object.hasOwn(binary, key)) {
      problems.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    sizeBytes += Buffer.byteLength(value);
  }
  for (const [key, value] of binaryData) {
    problems.push(...keyProblems('binaryData', key));
    sizeBytes += decodedBytes(value);
  }
  if (sizeBytes > dataLimitBytes) problems.push(tooLong('[]', dataLimitBytes));
  return problems;
}

function keyProblems(field: string, key: string): FieldProblem[] {
  return dataKeyProblems(key).map((detail) => invalidValue(`${field}[${key}]`, key, detail));
}

function decodedBytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

function immutableProblems(
  after: JsonObject,
  before: JsonObject,
  given: JsonObject,
  fields: readonly string[],
  defaulted?: string,
): FieldProblem[] {
  if (own(before, 'immutable') !== true) return [];
  const detail = 'field is immutable when `immutable` is set';
  const changed = fields.filter((field) => {
    // `{}` where nothing is counts as a change there, but for the data of a ConfigMap, which by default is `{}`.
    const isNew = field !== defaulted && isJsonObject(own(given, field)) && !isJsonObject(own(before, field));
    return isNew || !equalJson(childOf(after, field), childOf(before, field));
  });
  const isLifted = own(after, 'immutable') !== true;
  return [...(isLifted ? ['immutable'] : []), ...changed].map((field) => notAllowed(field, detail));
}

/** What the defaults and conversion of a Secret do: its type, and stringData put into data. */
function withStringData(secret: JsonObject): JsonObject {
  const type = textOf(secret, 'type') || 'Opaque';
  const plain = textsOf(secret, 'stringData');
  const encoded = Object.fromEntries(plain.map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  const data = plain.length === 0 ? own(secret, 'data') : withMembers(childOf(secret, 'data'), encoded);
  return withMembers(secret, { type, data, stringData: undefined });
}

function secretProblems(secret: JsonObject): FieldProblem[] {
  const data = textsOf(secret, 'data');
  const problems = [...metadataProblems(secret, true, subdomainProblems)];
  let sizeBytes = 0;
  for (const [key, value] of data) {
    problems.push(...keyProblems('data', key));
    sizeBytes += decodedBytes(value);
  }
  if (sizeBytes > dataLimitBytes) problems.push(tooLong('data', dataLimitBytes));
  problems.push(...typedSecretProblems(secret));
  return problems;
}

/** Keys that a Secret of a known type must have. */
function typedSecretProblems(secret: JsonObject): FieldProblem[] {
  const data = childOf(secret, 'data');
  const absent = (...keys: string[]) =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => missing(`data[${key}]`));
  switch (textOf(secret, 'type')) {
    case 'kubernetes.io/service-account-token': {
      const key = 'kubernetes.io/service-account.name';
      const name = textOf(childOf(metadataOf(secret), 'annotations'), key);
      return name === '' ? [missing(`metadata.annotations[${key}]`)] : [];
    }
    case 'kubernetes.io/dockercfg':
      return jsonObjectProblems(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return jsonObjectProblems(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const both = absent('username', 'password');
      return both.length === 2 ? both : [];
    }
    case 'kubernetes.io/ssh-auth':
      return textOf(data, 'ssh-privatekey') === '' ? [missing('data[ssh-privatekey]')] : [];
    case 'kubernetes.io/tls':
      return absent('tls.crt', 'tls.key');
    default:
      return [];
  }
}

function jsonObjectProblems(data: JsonObject, key: string): FieldProblem[] {
  const field = `data[${key}]`;
  if (!Object.hasOwn(data, key)) return [missing(field)];
  let value: JsonValue | undefined;
  try {
    value = JSON.parse(Buffer.from(textOf(data, key), 'base64').toString()) as JsonValue;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [invalidValue(field, '<secret contents redacted>', 'it is no JSON')];
  }
  const fits = value === null || isJsonObject(value);
  return fits ? [] : [invalidValue(field, '<secret contents redacted>', 'it is no JSON object')];
}
