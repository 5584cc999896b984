// The Kubernetes Event on a pod that has come to have another address, so that whoever looks for the reason of a break in the
// cloud finds it. Goes the way of every Event of this node. Pure.
import type { JsonObject } from '../../apimachinery/json.ts';
import type { WriteRequest } from '../../cache/writes/write-request.ts';
import { objectAt, textAt } from '../filters/object-fields.ts';
import type { AddressChange } from './pod-moves.ts';

const component = 'holdfast';
/** Of a name. */
const longestName = 253;

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
  const suffix = `.${at.toString(16)}`;
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  const body: JsonObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, longestName - suffix.length)}${suffix}`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid: change.uid },
    reason: 'AddressChanged',
    message: `The address changed from ${change.from.join(', ')} to ${change.to.join(', ')}: ${cause}.`,
    source: { component, host: nodeName },
    type: 'Warning',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    reportingComponent: component,
    reportingInstance: nodeName,
  };
  const gvr = { group: '', version: 'v1', resource: 'events' };
  const query = { dryRun: false, fieldManager: component };
  return { verb: 'create', gvr, kind: 'Event', apiVersion: 'v1', namespace, name: '', subresource: '', body, query };
}
