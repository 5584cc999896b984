// What a write makes of an object, judged as apiserver 1.35 would: the same codes, the same reasons, the same object.
// Promise: what cannot be judged on the node is a 503, never a guess; nothing that was given is changed.
import { computeCreate } from './compute-create.ts';
import { computeDelete } from './compute-delete.ts';
import { computeUpdate } from './compute-update.ts';
import { rulesOf } from './kinds/rules-of.ts';
import { cannotJudge } from './refusals.ts';
import type { ComputedWrite, Known, WriteContext, WriteRequest } from './write-request.ts';

export type { ComputedWrite, Known, WriteContext } from './write-request.ts';

/** @throws StatusError 400, 404, 409, 413, 415, 422 as apiserver would, 503 where we cannot tell what it would do */
export function computeWrite(request: WriteRequest, known: Known, context: WriteContext): ComputedWrite {
  const { verb, gvr, subresource } = request;
  if (request.query.dryRun) throw cannotJudge(gvr, 'a dry run asks what admission in the cloud would do');
  if (verb === 'deletecollection') throw cannotJudge(gvr, 'it deletes a collection, and the cloud may hold more of it');
  if (request.patchType === 'apply')
    throw cannotJudge(gvr, 'who owns which field of a server-side apply is known there');
  if (subresource !== '' && subresource !== 'status') {
    throw cannotJudge(gvr, `what ${subresource} does happens in the cloud`);
  }
  const rules = rulesOf(request, context);
  if (rules === undefined) throw cannotJudge(gvr, `a ${request.kind} is defaulted and validated by the cloud`);
  switch (verb) {
    case 'create':
      return computeCreate(request, known, context, rules);
    case 'delete':
      return computeDelete(request, known, context, rules);
    default:
      return computeUpdate(request, known, context, rules);
  }
}
