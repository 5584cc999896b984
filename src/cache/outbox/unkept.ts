// Why a write is not taken in, as its writer is told.
import { serviceUnavailable } from '../../apimachinery/status.ts';
import { refusalInAnyCase } from '../writes/hopeless.ts';
import type { Refuse } from '../writes/policy.ts';
import type { Known, WriteRequest } from '../writes/write-request.ts';

/** Says what would help: nobody guesses that a write has to go through once beforehand. */
export function unseen({ verb, gvr, namespace, name, subresource }: WriteRequest): string {
  const kind = [gvr.resource, ...(subresource === '' ? [] : [subresource])].join('/');
  const inNamespace = namespace === '' ? '' : ` in namespace ${namespace}`;
  const which = verb === 'create' ? `${kind}${inNamespace}` : `${kind} ${JSON.stringify(name)}${inNamespace}`;
  const help =
    verb === 'delete'
      ? 'What it has made here meanwhile it may delete'
      : 'Done once while it is reachable, the same is kept when it is not';
  return `the cloud was never seen to let this caller ${verb} ${which}. ${help}`;
}

export function refusal(request: WriteRequest, known: Known, { refuse, isForWantOfRule }: Refuse): Error {
  const inAnyCase = isForWantOfRule === true ? refusalInAnyCase(request, known) : undefined;
  return inAnyCase ?? serviceUnavailable(refuse);
}

export function unkept(why: string): Error {
  return serviceUnavailable(`the cloud is not reachable, and this write is not kept here until it is: ${why}`);
}
