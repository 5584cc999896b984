// What a request asks for, read from its method and target by apiserver's own rules, so that both ends of the wire mean
// the same object. Source: apiserver pkg/endpoints/request/requestinfo.go.

import { parseFieldSelector } from './field-selector.ts';
import type { GroupVersionResource } from './group-version-resource.ts';
import { pathSegments } from './request-path.ts';
import { isTrueParameter, queryValue } from './request-query.ts';
import { badRequest } from './status.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface RequestInfo {
  readonly isResourceRequest: boolean;
  readonly method: string;
  /** As sent, without query. */
  readonly path: string;
  /** A Verb, 'proxy' under the deprecated /proxy/ prefix, else the lower-cased method. */
  readonly verb: string;
  readonly gvr: GroupVersionResource | undefined;
  /** '' for cluster-scoped resources, namespaces themselves among them, and for all namespaces. */
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** Decoded. Also set for a list or watch with fieldSelector metadata.name=X: it is authorised as X. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** '?…' as sent, or ''. */
  readonly search: string;
  /** No overall time limit applies: watch, followed log, exec, attach, portforward, proxy. */
  readonly isLongRunning: boolean;
}

const verbByMethod: Readonly<Record<string, Verb>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const namespaceSubresources = new Set(['status', 'finalize']);
const longRunningSubresources = new Set(['proxy', 'exec', 'attach', 'portforward']);

/** What the path alone tells. */
interface Addressed {
  readonly gvr: GroupVersionResource;
  readonly namespace: string;
  readonly subresource: string;
  readonly name: string;
  /** The word of a deprecated '/watch/' or '/proxy/' prefix. */
  readonly prefixVerb: 'watch' | 'proxy' | undefined;
}

/** `target` is the request target as sent (origin form). Throws StatusError 400 on one that could be misread. */
export function parseRequestInfo(method: string, target: string): RequestInfo {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const search = mark < 0 ? '' : target.slice(mark);
  const addressed = addressedBy(pathSegments(path));
  if (addressed === undefined)
    return new ParsedRequest(method, path, search, method.toLowerCase(), undefined, '', false);
  const { prefixVerb, subresource } = addressed;
  const isCollection = addressed.name === '';
  const verb = prefixVerb ?? verbOf(method, isCollection, search);
  const isNameless = isCollection && prefixVerb === undefined && (verb === 'list' || verb === 'watch');
  const name = isNameless ? selectedName(search) : addressed.name;
  return new ParsedRequest(method, path, search, verb, addressed, name, isLong(verb, subresource, search));
}

/** Of one shape for every request, so that all that read it stay fast. */
class ParsedRequest implements RequestInfo {
  readonly isResourceRequest: boolean;
  readonly method: string;
  readonly path: string;
  readonly verb: string;
  readonly gvr: GroupVersionResource | undefined;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly search: string;
  readonly isLongRunning: boolean;
  #query: URLSearchParams | undefined;

  constructor(
    method: string,
    path: string,
    search: string,
    verb: string,
    addressed: Addressed | undefined,
    name: string,
    isLongRunning: boolean,
  ) {
    this.isResourceRequest = addressed !== undefined;
    this.method = method;
    this.path = path;
    this.verb = verb;
    this.gvr = addressed?.gvr;
    this.namespace = addressed?.namespace ?? '';
    this.resource = addressed?.gvr.resource ?? '';
    this.subresource = addressed?.subresource ?? '';
    this.name = name;
    this.search = search;
    this.isLongRunning = isLongRunning;
  }

  /** Parsed when first asked for: most requests are forwarded with their query as it is. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.search);
    return this.#query;
  }
}

/** undefined for non-resource paths such as /healthz, /apis and /apis/apps/v1. */
function addressedBy(segments: readonly string[]): Addressed | undefined {
  const isCore = segments[0] === 'api';
  if ((!isCore && segments[0] !== 'apis') || segments.length < (isCore ? 3 : 4)) return undefined;
  const group = isCore ? '' : segments[1]!;
  const version = segments[isCore ? 1 : 2]!;
  let parts = segments.slice(isCore ? 2 : 3);
  let prefixVerb: Addressed['prefixVerb'];
  if (parts[0] === 'watch' || parts[0] === 'proxy') {
    prefixVerb = parts[0];
    parts = parts.slice(1);
    if (parts.length === 0) {
      throw badRequest(`unable to determine kind and namespace from path '/${segments.join('/')}': name a resource`);
    }
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2]!)) {
    namespace = parts[1]!;
    parts = parts.slice(2);
  }
  const [resource, name = '', subresource = ''] = parts;
  const gvr = { group, version, resource: resource! };
  return { gvr, namespace, name, subresource: prefixVerb === 'proxy' ? '' : subresource, prefixVerb };
}

function verbOf(method: string, isCollection: boolean, search: string): string {
  const verb = verbByMethod[method] ?? method.toLowerCase();
  if (!isCollection) return verb;
  if (verb === 'delete') return 'deletecollection';
  if (verb !== 'get') return verb;
  return isWatch(search) ? 'watch' : 'list';
}

/**
 * apiserver takes every value but 'false' and '0' for true, a bare '?watch' too. Words that it would take for true
 * although they say no, or say nothing, are refused here instead of guessed.
 */
function isWatch(search: string): boolean {
  const value = queryValue(search, 'watch');
  if (value === undefined) return false;
  if (value === '' || /^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|false|FALSE|False)$/.test(value)) return false;
  throw badRequest(
    `the query parameter watch=${JSON.stringify(value)} is no boolean; write watch=true or leave it out`,
  );
}

/** The name that a list or watch is narrowed to by its field selector, if it could stand in a path. */
function selectedName(search: string): string {
  const selector = queryValue(search, 'fieldSelector');
  if (selector === undefined || !selector.includes('metadata.name')) return '';
  const name = parseFieldSelector(selector).exactName ?? '';
  return name === '.' || name === '..' || /[/%]/.test(name) ? '' : name;
}

function isLong(verb: string, subresource: string, search: string): boolean {
  if (verb === 'watch' || verb === 'proxy' || longRunningSubresources.has(subresource)) return true;
  return subresource === 'log' && isTrueParameter(queryValue(search, 'follow'));
}
