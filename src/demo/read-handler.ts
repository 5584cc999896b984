// GET, LIST and WATCH of stored objects.

import type { Call } from './call.ts';
import { listObjects, untilRevision } from './list-objects.ts';
import { parseListOptions, parseRevision } from './list-options.ts';
import { negotiate, renderList, renderObject } from './rendering.ts';
import type { ResourceDefinition } from './resource-definitions.ts';
import { selectionOf } from './selection.ts';

export async function handleGet(
  { info, request, reply, store, clock, signal }: Call,
  definition: ResourceDefinition,
): Promise<void> {
  const rendering = negotiate(request.headers.accept, info.query);
  const notBefore = parseRevision(info.query.get('resourceVersion') ?? '', 'get');
  await untilRevision(store, notBefore, { clock, signal });
  const stored = store.get(definition, info.namespace, info.name);
  await reply.json(200, renderObject(rendering, stored, clock.now()));
}

export async function handleList(
  { info, request, reply, store, clock, signal, faults }: Call,
  definition: ResourceDefinition,
): Promise<void> {
  const options = parseListOptions(info.query, false, faults.hasWatchList);
  const rendering = negotiate(request.headers.accept, info.query);
  const selection = selectionOf(definition, info);
  const list = await listObjects(store, definition, selection, options, { clock, signal });
  await reply.json(200, renderList(rendering, definition, list, clock.now()));
}

export async function handleWatch(call: Call, definition: ResourceDefinition): Promise<void> {
  const { info, request, reply, watches, signal, faults } = call;
  const options = parseListOptions(info.query, true, faults.hasWatchList);
  const rendering = negotiate(request.headers.accept, info.query);
  const selection = selectionOf(definition, info);
  await watches.serve({ definition, selection, options, rendering, reply, signal });
}
