// OpenAPI documents, as much as kubectl needs: which paths and kinds there are, that PATCH knows fieldValidation, and one
// schema for each kind. The fields below metadata are described as free-form: the demo checks none of them.

import { createHash } from 'node:crypto';
import { parseAccept } from '../apimachinery/negotiation.ts';
import { notAcceptable } from '../apimachinery/status.ts';
import type { Call } from './call.ts';
import { kubernetesVersion } from './discovery.ts';
import { encodeJson } from './document.ts';
import { PageNotFoundError } from './refusals.ts';
import {
  apiVersionOfDefinition,
  definitionsIn,
  groupVersions,
  type ResourceDefinition,
} from './resource-definitions.ts';

/** /openapi/v2, /openapi/v3, /openapi/v3/api/v1, /openapi/v3/apis/<group>/<version>. Throws PageNotFoundError. */
export async function handleOpenApi({ info, request, reply }: Call): Promise<void> {
  if (info.path === '/openapi/v2') {
    const takesJson = parseAccept(request.headers.accept ?? '*/*').some(
      ({ type }) => type === 'application/json' || type === '*/*',
    );
    if (!takesJson) throw notAcceptable(['application/json']);
    return reply.json(200, encodeJson({ swagger: '2.0', info: about, paths: {}, definitions: {} }));
  }
  if (info.path === '/openapi/v3') return reply.json(200, encodeJson(index()));
  const found = groupVersions().find((groupVersion) => info.path === `/openapi/v3/${rootOf(groupVersion)}`);
  if (found === undefined) throw new PageNotFoundError();
  return reply.json(200, encodeJson(documentOf(found.group, found.version)));
}

const about = { title: 'Kubernetes', version: kubernetesVersion.gitVersion };

function rootOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function index(): object {
  const paths = groupVersions().map((groupVersion) => {
    const body = encodeJson(documentOf(groupVersion.group, groupVersion.version));
    const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
    const root = rootOf(groupVersion);
    return [root, { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(paths) };
}

function documentOf(group: string, version: string): object {
  const definitions = definitionsIn(group, version);
  const paths = definitions.flatMap((definition) => pathsOf(definition));
  const schemas = definitions.flatMap((definition) => schemasOf(definition));
  return {
    openapi: '3.0.0',
    info: about,
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

function schemaName({ gvr, kind }: ResourceDefinition): string {
  const group = gvr.group === '' ? 'core' : gvr.group;
  return `${group.split('.').reverse().join('.')}.${gvr.version}.${kind}`;
}

function typeOf({ gvr, kind }: ResourceDefinition): object {
  return { group: gvr.group, version: gvr.version, kind };
}

function pathsOf(definition: ResourceDefinition): readonly (readonly [string, object])[] {
  const { gvr, isNamespaced } = definition;
  const collection = `/${rootOf(gvr)}${isNamespaced ? '/namespaces/{namespace}' : ''}/${gvr.resource}`;
  const create = operation(definition, 'post', schemaName(definition));
  if (definition.isReview) return [[collection, { post: create }]];
  const list = operation(definition, 'list', `${schemaName(definition)}List`);
  const item = {
    get: operation(definition, 'get', schemaName(definition)),
    put: operation(definition, 'put', schemaName(definition)),
    patch: operation(definition, 'patch', schemaName(definition)),
    delete: operation(definition, 'delete', schemaName(definition)),
  };
  return [
    [collection, { get: list, post: create }],
    [`${collection}/{name}`, item],
  ];
}

function operation(definition: ResourceDefinition, action: string, schema: string): object {
  const isWrite = action === 'post' || action === 'put' || action === 'patch';
  const reference = { $ref: `#/components/schemas/${schema}` };
  const names = isWrite ? ['fieldManager', 'fieldValidation', 'dryRun'] : [];
  return {
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': typeOf(definition),
    parameters: names.map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } })),
    ...(action === 'patch'
      ? { requestBody: { content: { 'application/merge-patch+json': { schema: { type: 'object' } } } } }
      : {}),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: reference } } } },
  };
}

function schemasOf(definition: ResourceDefinition): readonly (readonly [string, object])[] {
  const { kind } = definition;
  const text = { type: 'string' };
  const freeForm = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const properties = { apiVersion: text, kind: text, metadata: freeForm };
  const own = {
    type: 'object',
    description: `${kind} in ${apiVersionOfDefinition(definition)}, as the demo control plane serves it.`,
    properties: { ...properties, spec: freeForm, status: freeForm },
    'x-kubernetes-preserve-unknown-fields': true,
    'x-kubernetes-group-version-kind': [typeOf(definition)],
  };
  const name = schemaName(definition);
  const items = { type: 'array', items: { $ref: `#/components/schemas/${name}` } };
  const list = { type: 'object', description: `A list of ${kind}.`, properties: { ...properties, items } };
  return [
    [name, own],
    [`${name}List`, list],
  ];
}
