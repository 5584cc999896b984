// A Kubernetes Event that Holdfast itself makes, as the write that brings it to the cloud: it goes the way of every Event of
// this node. Pure.
import type { JsonObject } from '../../apimachinery/json.ts';
import type { WriteRequest } from '../writes/write-request.ts';

export interface OwnEvent {
  /** `involvedObject`. */
  readonly about: JsonObject;
  /** Of the object; the Event's begins with it. */
  readonly name: string;
  readonly namespace: string;
  /** Tells this Event from others about the same object. */
  readonly suffix: string;
  readonly reason: string;
  readonly message: string;
  readonly nodeName: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
}

const component = 'holdfast';
/** Of a name. */
const longestName = 253;

export function ownEvent(event: OwnEvent): WriteRequest {
  const { about, name, namespace, suffix, reason, message, nodeName, count, firstAt, lastAt } = event;
  const body: JsonObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, longestName - suffix.length)}${suffix}`, namespace },
    involvedObject: about,
    reason,
    message,
    source: { component, host: nodeName },
    type: 'Warning',
    firstTimestamp: secondsText(firstAt),
    lastTimestamp: secondsText(lastAt),
    count,
    reportingComponent: component,
    reportingInstance: nodeName,
  };
  const gvr = { group: '', version: 'v1', resource: 'events' };
  const query = { dryRun: false, fieldManager: component };
  return { verb: 'create', gvr, kind: 'Event', apiVersion: 'v1', namespace, name: '', subresource: '', body, query };
}

function secondsText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
