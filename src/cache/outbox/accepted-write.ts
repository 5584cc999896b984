// A request that was judged and computed, as the write that goes on disk.
import type { ComputedWrite } from '../writes/compute-write.ts';
import type { Disposition } from '../writes/policy.ts';
import type { Known, WriteRequest } from '../writes/write-request.ts';
import type { CallerOfWrite } from './caller-of-write.ts';
import type { AcceptedWrite } from './entry.ts';
import { nameOf } from './named-request.ts';
import type { Outcome } from './outcome.ts';

/** Judged, and to be computed. */
export interface Taken {
  readonly request: WriteRequest;
  readonly caller: CallerOfWrite;
  readonly known: Known;
  readonly disposition: Exclude<Disposition, { refuse: string }>;
  /** Of a custom resource: whether it has a status subresource, if that is known. */
  readonly customStatus: boolean | undefined;
  readonly cloudVersion: string;
  readonly outcome: Outcome;
}

/** What was made of it. */
interface Result {
  readonly computed: ComputedWrite;
  readonly resourceVersion: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly node: string;
}

export function accepted(
  { request, caller, disposition, customStatus, cloudVersion, outcome }: Taken,
  { computed, resourceVersion, now, node }: Result,
): AcceptedWrite {
  const { gvr, apiVersion, kind, namespace, subresource } = request;
  const { identity, userAgent, fieldManager, token } = caller;
  const name = nameOf(computed.after ?? computed.before);
  return {
    target: { gvr, apiVersion, kind, namespace, name, subresource },
    class: disposition.class,
    conflict: disposition.conflict,
    ...(customStatus === false && { isStatusInside: true }),
    ...(outcome !== 'unsent' && { isUnknown: true }),
    op: computed.op === 'none' ? 'update' : computed.op,
    ...(request.verb === 'patch' && { verb: 'patch' }),
    ...(request.query.isStrict === true && { isStrict: true }),
    writer: { identity, userAgent, fieldManager, ...(token !== undefined && { token }) },
    before: computed.before,
    cloudVersion,
    after: computed.after,
    resourceVersion,
    writtenAt: now,
    node,
  };
}
