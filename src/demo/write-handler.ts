// POST, PUT, PATCH and DELETE of stored objects.

import { badRequest, invalid, notFound } from '../apimachinery/status.ts';
import { type Call, readDocument, readJson } from './call.ts';
import { type Document, type DraftDocument, encodeJson } from './document.ts';
import { listObjects } from './list-objects.ts';
import { parseListOptions } from './list-options.ts';
import { mergePatch, strategicMergePatch } from './merge-patch.ts';
import { unforeseen } from './refusals.ts';
import { negotiate, renderList, renderObject } from './rendering.ts';
import type { ResourceDefinition } from './resource-definitions.ts';
import { selectionOf } from './selection.ts';
import type { StoredObject } from './stored-object.ts';
import type { Preconditions, WritePart } from './write-rules.ts';

const json = ['application/json'] as const;
const patches: Readonly<Record<string, (target: unknown, patch: unknown) => unknown>> = {
  'application/merge-patch+json': mergePatch,
  'application/strategic-merge-patch+json': strategicMergePatch,
};

export async function handleCreate(call: Call, definition: ResourceDefinition): Promise<void> {
  const { info, store } = call;
  checkDryRun(call);
  if (definition.isNamespaced && info.namespace === '')
    throw badRequest('an empty namespace may not be set during creation');
  const draft = (await readDocument(call.request, json)) as DraftDocument;
  if (!draft.metadata?.name && !draft.metadata?.generateName) throw nameRequired(definition);
  if (draft.metadata.resourceVersion) throw unforeseen('resourceVersion should not be set on objects to be created');
  await answer(call, 201, store.create(definition, info.namespace, draft));
}

export async function handleUpdate(call: Call, definition: ResourceDefinition): Promise<void> {
  const { info, store } = call;
  checkDryRun(call);
  const draft = (await readDocument(call.request, json)) as DraftDocument;
  await answer(
    call,
    200,
    store.update(definition, info.namespace, info.name, () => draft, partOf(call, definition)),
  );
}

export async function handlePatch(call: Call, definition: ResourceDefinition): Promise<void> {
  const { info, request, store } = call;
  checkDryRun(call);
  const patch = await readDocument(request, Object.keys(patches));
  const apply = patches[(request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()];
  if (apply === undefined) throw badRequest('a patch needs a Content-Type');
  const change = (current: Document): DraftDocument => {
    // Only a version named in the patch itself is a precondition; a merged one is the current one anyway.
    return apply(current, patch) as DraftDocument;
  };
  await answer(call, 200, store.update(definition, info.namespace, info.name, change, partOf(call, definition)));
}

export async function handleDelete(call: Call, definition: ResourceDefinition): Promise<void> {
  const { info, store, reply, request, clock } = call;
  const options = await deleteOptions(call);
  const removed = store.delete(definition, info.namespace, info.name, options);
  if (definition.returnsDeletedObject || store.find(definition, info.namespace, info.name) !== undefined) {
    return reply.json(200, renderObject(negotiate(request.headers.accept, info.query), removed, clock.now()));
  }
  const { group, resource } = definition.gvr;
  const { uid } = removed.document.metadata;
  const details = { name: info.name, ...(group === '' ? {} : { group }), kind: resource, uid };
  return reply.json(200, encodeJson({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }));
}

export async function handleDeleteCollection(call: Call, definition: ResourceDefinition): Promise<void> {
  const { info, store, reply, clock, signal } = call;
  const selection = selectionOf(definition, info);
  const options = await deleteOptions(call);
  const listOptions = parseListOptions(info.query, false, true);
  const list = await listObjects(store, definition, selection, listOptions, { clock, signal });
  for (const { namespace, name } of list.objects) {
    if (store.find(definition, namespace, name) !== undefined) store.delete(definition, namespace, name, options);
  }
  await reply.json(200, renderList({ as: 'json' }, definition, list, clock.now()));
}

async function deleteOptions(
  call: Call,
): Promise<{ preconditions: Preconditions; gracePeriodSeconds: number | undefined }> {
  checkDryRun(call);
  const body = (await readJson(call.request, json)) as
    | { preconditions?: Preconditions; gracePeriodSeconds?: number }
    | undefined;
  const asked = call.info.query.get('gracePeriodSeconds');
  return {
    preconditions: body?.preconditions ?? {},
    gracePeriodSeconds: body?.gracePeriodSeconds ?? (asked === null ? undefined : Number(asked)),
  };
}

function partOf({ info }: Call, definition: ResourceDefinition): WritePart {
  if (info.subresource === '') return 'main';
  if (info.subresource === 'status' && definition.hasStatus) return 'status';
  throw notFound(definition.gvr, info.name);
}

function checkDryRun({ info }: Call): void {
  if (info.query.has('dryRun')) throw badRequest('dryRun is not supported by the demo control plane; leave it out');
}

async function answer({ request, info, reply, clock }: Call, code: number, stored: StoredObject): Promise<void> {
  await reply.json(code, renderObject(negotiate(request.headers.accept, info.query), stored, clock.now()));
}

function nameRequired({ gvr, kind }: ResourceDefinition): Error {
  const message = 'Required value: name or generateName is required';
  return invalid({ group: gvr.group, kind }, '', [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }]);
}
