// What a write makes of an object, judged as apiserver 1.35 would: the same codes, the same reasons, the same object.
// Promise: what cannot be judged on the node is a 503, never a guess; nothing that was given is changed.
import { serviceUnavailable } from '../../apimachinery/status.ts';
import { computeCreate } from './compute-create.ts';
import { computeDelete } from './compute-delete.ts';
import { computeUpdate } from './compute-update.ts';
import { rulesOf } from './kinds/rules-of.ts';
import { neverKept } from './never-kept.ts';
import { cannotJudge } from './refusals.ts';
import type { ComputedWrite, Known, WriteContext, WriteRequest } from './write-request.ts';

export type { ComputedWrite, Known, WriteContext } from './write-request.ts';

/** @throws StatusError 400, 404, 409, 413, 415, 422 as apiserver would, 503 where we cannot tell what it would do */
export function computeWrite(request: WriteRequest, known: Known, context: WriteContext): ComputedWrite {
  const reason = neverKept(request);
  if (reason !== undefined) throw serviceUnavailable(reason);
  const rules = rulesOf(request, context);
  if (rules === undefined) throw cannotJudge(request.gvr, `a ${request.kind} is defaulted and validated by the cloud`);
  switch (request.verb) {
    case 'create':
      return computeCreate(request, known, context, rules);
    case 'delete':
      return computeDelete(request, known, context, rules);
    default:
      return computeUpdate(request, known, context, rules);
  }
}
