// The Kubernetes Event on a pod that has come to have another address, so that whoever looks for the reason of a break in the
// cloud finds it. Goes the way of every Event of this node. Pure.
import type { JsonObject } from '../../apimachinery/json.ts';
import { objectAt, textAt } from '../../apimachinery/object-fields.ts';
import { ownEvent } from '../../cache/outbox/own-event.ts';
import type { WriteRequest } from '../../cache/writes/write-request.ts';
import type { AddressChange } from './pod-moves.ts';

export interface Told {
  readonly change: AddressChange;
  readonly pod: JsonObject;
  readonly nodeName: string;
  /** In words. */
  readonly cause: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function addressChangedEvent({ change, pod, nodeName, cause, at }: Told): WriteRequest {
  const metadata = objectAt(pod, 'metadata');
  const [namespace, name] = [textAt(metadata, 'namespace'), textAt(metadata, 'name')];
  return ownEvent({
    about: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid: change.uid },
    name,
    namespace,
    suffix: `.${at.toString(16)}`,
    reason: 'AddressChanged',
    message: `The address changed from ${change.from.join(', ')} to ${change.to.join(', ')}: ${cause}.`,
    nodeName,
    count: 1,
    firstAt: at,
    lastAt: at,
  });
}
