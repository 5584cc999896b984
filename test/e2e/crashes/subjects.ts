// The objects that are written while hubs die: how each is made, changed and read back. What they have in common is a set of
// fields with numbers in them.
import type { Found, LoggedWrite } from './ledger.ts';

export interface WriteCall {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly contentType?: string;
  readonly body?: object;
}

export interface Subject {
  /** Of the object, whatever part of it is written. */
  readonly path: string;
  readonly kinds: readonly LoggedWrite['kind'][];
  /** Both sides' changes of one field are put aside: an acknowledged write may lose against one that nobody was told of. */
  readonly mayPark: boolean;
  call(write: LoggedWrite, resourceVersion: string | undefined): WriteCall;
}

const strategicMerge = 'application/strategic-merge-patch+json';
const merge = 'application/merge-patch+json';
const configMaps = '/api/v1/namespaces/default/configmaps';

export function configMap(name: string, policy: 'edge-wins' | 'park'): Subject {
  const whole = ({ number, field }: LoggedWrite, resourceVersion: string | undefined) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { policy }, ...(resourceVersion && { resourceVersion }) },
    data: { n: String(number), [field]: String(number), filler: 'x'.repeat(400) },
  });
  return {
    path: `${configMaps}/${name}`,
    kinds: ['update', 'update', 'update', 'update', 'update', 'put', 'delete'],
    mayPark: policy === 'park',
    call(write, resourceVersion) {
      if (write.kind === 'create') return { method: 'POST', path: configMaps, body: whole(write, undefined) };
      const path = `${configMaps}/${name}`;
      if (write.kind === 'put') return { method: 'PUT', path, body: whole(write, resourceVersion) };
      if (write.kind === 'delete') return { method: 'DELETE', path };
      const data = { n: String(write.number), [write.field]: String(write.number) };
      return { method: 'PATCH', path, contentType: merge, body: { data } };
    },
  };
}

/** Of a Node or a Pod: one condition for each field, as kubelet patches them. */
export function statusOf(path: string, uid?: string): Subject {
  return {
    path,
    kinds: ['update'],
    mayPark: false,
    call: ({ number, field }) => ({
      method: 'PATCH',
      path: `${path}/status`,
      contentType: strategicMerge,
      body: {
        ...(uid && { metadata: { uid } }),
        status: {
          conditions: ['n', field].map((type) => ({
            type,
            status: 'True',
            reason: 'Written',
            message: String(number),
          })),
        },
      },
    }),
  };
}

const events = '/api/v1/namespaces/default/events';

export function event(name: string, nodeName: string): Subject {
  const annotations = ({ number, field }: LoggedWrite) => ({ n: String(number), [field]: String(number) });
  return {
    path: `${events}/${name}`,
    kinds: ['update'],
    mayPark: false,
    call(write) {
      if (write.kind === 'update') {
        const body = { metadata: { annotations: annotations(write) }, count: write.number };
        return { method: 'PATCH', path: `${events}/${name}`, contentType: strategicMerge, body };
      }
      const body = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: 'default', annotations: annotations(write) },
        involvedObject: { kind: 'Node', name: nodeName },
        reason: 'Crashed',
        message: 'a hub was killed',
        type: 'Normal',
        source: { component: 'kubelet', host: nodeName },
        count: write.number,
      };
      return { method: 'POST', path: events, body };
    },
  };
}

interface AnyObject {
  readonly kind?: string;
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly message?: string }[] };
}

/** The numbered fields of an object of any of these kinds. */
export function fieldsOf(object: AnyObject): Exclude<Found, undefined> {
  const pairs: [string, string][] = [
    ...Object.entries(object.data ?? {}),
    ...Object.entries(object.metadata?.annotations ?? {}),
    ...(object.status?.conditions ?? []).map(({ type, message }): [string, string] => [type, message ?? '']),
  ];
  return Object.fromEntries(pairs.filter(([field]) => /^(n|k\d+)$/.test(field)));
}
