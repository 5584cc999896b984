// Which handler answers a request. Runs after authentication; checks the right first, as the apiserver does.

import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import { forbidden, methodNotAllowed, pathNotFound } from '../apimachinery/status.ts';
import type { Call } from './call.ts';
import { handleDiscovery, kubernetesVersion } from './discovery.ts';
import { encodeJson } from './document.ts';
import { handleLog } from './log-handler.ts';
import { handleOpenApi } from './openapi.ts';
import { handleGet, handleList, handleWatch } from './read-handler.ts';
import { PageNotFoundError } from './refusals.ts';
import { definitionOf, definitionsIn, type ResourceDefinition, verbsOf } from './resource-definitions.ts';
import { handleReview } from './reviews.ts';
import { handleCreate, handleDelete, handleDeleteCollection, handlePatch, handleUpdate } from './write-handler.ts';

type ResourceHandler = (call: Call, definition: ResourceDefinition) => Promise<void>;

const handlers: Readonly<Record<string, ResourceHandler>> = {
  get: handleGet,
  list: handleList,
  watch: handleWatch,
  create: handleCreate,
  update: handleUpdate,
  patch: handlePatch,
  delete: handleDelete,
  deletecollection: handleDeleteCollection,
};

const wantsName: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete']);
/** A field selector on metadata.name counts as a name. */
const takesBoth: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

/** Throws Forbidden, NotFound, PageNotFoundError, MethodNotAllowed, and what the handlers throw. */
export async function route(call: Call): Promise<void> {
  const { info } = call;
  checkRight(call);
  if (!info.isResourceRequest || info.gvr === undefined) return routePath(call);
  const definition = definitionOf(info.gvr);
  if (definition === undefined) throw isKnownGroupVersion(info.gvr) ? pathNotFound() : new PageNotFoundError();
  const isPlaced = definition.isNamespaced ? info.namespace !== '' || info.verb !== 'get' : info.namespace === '';
  if (!isPlaced) throw pathNotFound();
  if (definition.isReview) {
    if (info.verb !== 'create') throw methodNotAllowed(info.gvr, info.verb);
    return handleReview(call, definition);
  }
  if (definition.kind === 'Pod' && info.subresource === 'log' && info.verb === 'get') return handleLog(call);
  if (info.subresource !== '' && !(info.subresource === 'status' && definition.hasStatus)) throw pathNotFound();
  const handler = handlers[info.verb];
  if (handler === undefined || !verbsOf(definition).includes(info.verb)) throw methodNotAllowed(info.gvr, info.verb);
  if (wantsName.has(info.verb) !== (info.name !== '') && !takesBoth.has(info.verb)) {
    throw methodNotAllowed(info.gvr, info.verb);
  }
  return handler(call, definition);
}

function checkRight({ info, user, authorize }: Call): void {
  if (authorize(user, info)) return;
  const who = `User ${JSON.stringify(user.name)}`;
  if (info.gvr === undefined) {
    throw forbidden({ group: '', resource: '' }, '', `${who} cannot ${info.verb} path ${JSON.stringify(info.path)}`);
  }
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  const where = info.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(info.namespace)}`;
  const group = JSON.stringify(info.gvr.group);
  const message = `${who} cannot ${info.verb} resource ${JSON.stringify(resource)} in API group ${group} ${where}`;
  throw forbidden(info.gvr, info.name, message);
}

async function routePath(call: Call): Promise<void> {
  const { info, reply } = call;
  if (info.method !== 'GET' && info.method !== 'HEAD') throw new PageNotFoundError();
  if (/^\/(healthz|livez|readyz)(\/.*)?$/.test(info.path)) return reply.text(200, 'ok');
  if (info.path === '/version' || info.path === '/version/') return reply.json(200, encodeJson(kubernetesVersion));
  if (/^\/openapi\/v[23](\/|$)/.test(info.path)) return handleOpenApi(call);
  if (/^\/apis?(\/|$)/.test(info.path)) return handleDiscovery(call);
  throw new PageNotFoundError();
}

function isKnownGroupVersion(gvr: GroupVersionResource): boolean {
  return definitionsIn(gvr.group, gvr.version).length > 0;
}
