// Which writes are kept while the cloud is away, and which are refused. `keeping` below is the whole table; user rules are
// all that adds to it. Promise: a refusal says why, and which setting would allow the write if one would.
import { isJsonObject, type JsonObject, own } from '../../apimachinery/json.ts';
import { isMirrorPod } from './kinds/pod.ts';
import { hasRules } from './kinds/rules-of.ts';
import { inAnyCase, kindNeverKept, neverKept } from './never-kept.ts';
import { childOf, metadataOf, textOf } from './object-view.ts';
import { type ConflictPolicy, type UserWriteRule, userRules } from './user-rules.ts';
import type { Known, WriteRequest } from './write-request.ts';

export type { ConflictPolicy, UserWriteRule } from './user-rules.ts';

export type WriteClass =
  | 'node-lease'
  | 'node-status'
  | 'node'
  | 'pod-status'
  | 'pod-delete'
  | 'mirror-pod'
  | 'event'
  | 'csinode'
  | 'pvc-status'
  | 'user';

export interface Keep {
  /** 'durable': on disk before the answer. 'memory': lost with the process. */
  readonly keep: 'durable' | 'memory';
  readonly class: WriteClass;
  /** Who wins where both sides changed the same field. */
  readonly conflict: ConflictPolicy;
}

export interface Refuse {
  /** The whole message of the refusal: why, and which setting would allow it. */
  readonly refuse: string;
  /** No rule of the settings allows it; all others know no exception. */
  readonly isForWantOfRule?: true;
}

export type Disposition = Keep | Refuse;

export interface Writer {
  /** It is this node itself: kubelet, or whoever else holds the node's identity. */
  readonly isNode: boolean;
}

export interface WritePolicy {
  /** Whether any write to this resource is ever kept: to others a request's body need not be read. */
  mightKeep(kind: { readonly group: string; readonly resource: string }): boolean;
  /** Whether and how this write is kept. Pure: asks nobody, remembers nothing. */
  of(request: WriteRequest, writer: Writer, known: Known): Disposition;
}

interface Asked {
  readonly request: WriteRequest;
  readonly writer: Writer;
  readonly known: Known;
  readonly nodeName: string;
}

interface Row extends Keep {
  /** 'group/resource', or 'resource' in the core group; with '/status' behind it. */
  readonly of: readonly string[];
  readonly verbs: readonly WriteRequest['verb'][];
  readonly if: (asked: Asked) => boolean;
}

const byNode = ({ writer }: Asked) => writer.isNode;
const ofOwnName = (asked: Asked) => asked.writer.isNode && nameOf(asked.request) === asked.nodeName;
const isOfOwnNode = ({ request, nodeName }: Asked) => nameOf(request) === nodeName;
const ofOwnPod = ({ writer, known, nodeName }: Asked) =>
  writer.isNode && (known.state !== 'present' || textOf(childOf(known.object, 'spec'), 'nodeName') === nodeName);
const always = () => true;

/** The policy of Kubernetes' own agents, row by row; the first row that fits counts. */
const keeping: readonly Row[] = [
  {
    of: ['coordination.k8s.io/leases'],
    verbs: ['create', 'update', 'patch'],
    if: isOwnNodeLease,
    keep: 'memory',
    class: 'node-lease',
    conflict: 'edge-wins',
  },
  {
    // kubelet, and CNI daemons that keep what their peers need to know as annotations there.
    of: ['nodes/status'],
    verbs: ['update', 'patch'],
    if: isOfOwnNode,
    keep: 'durable',
    class: 'node-status',
    conflict: 'edge-wins',
  },
  { of: ['nodes'], verbs: ['patch'], if: ofOwnName, keep: 'durable', class: 'node', conflict: 'cloud-wins' },
  {
    // A kubelet that starts: the answer is 409, and it goes on with the Node that is there.
    of: ['nodes'],
    verbs: ['create'],
    if: (asked) => ofOwnName(asked) && asked.known.state === 'present',
    keep: 'durable',
    class: 'node',
    conflict: 'cloud-wins',
  },
  {
    of: ['pods/status'],
    verbs: ['update', 'patch'],
    if: ofOwnPod,
    keep: 'durable',
    class: 'pod-status',
    conflict: 'edge-wins',
  },
  {
    of: ['pods'],
    verbs: ['delete'],
    if: (asked) => byNode(asked) && asked.known.state === 'present' && isMirrorPod(asked.known.object),
    keep: 'durable',
    class: 'mirror-pod',
    conflict: 'edge-wins',
  },
  { of: ['pods'], verbs: ['delete'], if: ofOwnPod, keep: 'durable', class: 'pod-delete', conflict: 'edge-wins' },
  { of: ['pods'], verbs: ['create'], if: isOwnMirrorPod, keep: 'durable', class: 'mirror-pod', conflict: 'edge-wins' },
  {
    of: ['events', 'events.k8s.io/events'],
    verbs: ['create', 'update', 'patch'],
    if: always,
    keep: 'durable',
    class: 'event',
    conflict: 'edge-wins',
  },
  {
    of: ['storage.k8s.io/csinodes'],
    verbs: ['create', 'update', 'patch'],
    if: ofOwnName,
    keep: 'durable',
    class: 'csinode',
    conflict: 'edge-wins',
  },
  {
    of: ['persistentvolumeclaims/status'],
    verbs: ['update', 'patch'],
    if: byNode,
    keep: 'durable',
    class: 'pvc-status',
    conflict: 'cloud-wins',
  },
];

/** Kept for the node without the cloud having been seen to allow it: the node authorizer does, of every such object. */
export function isNodesOwn(write: Pick<WriteRequest, 'gvr' | 'subresource'> & { readonly verb: string }): boolean {
  const place = placeOf(write);
  return keeping.some(({ of, verbs }) => of.includes(place) && verbs.some((verb) => verb === write.verb));
}

/** @param rules in the order of the configuration; the first that fits counts */
export function writePolicy(rules: readonly UserWriteRule[], nodeName: string): WritePolicy {
  const byUser = userRules(rules);
  const places = new Set([...keeping.flatMap(({ of }) => of), ...rules.map(inGroup)].map(withoutSubresource));
  return {
    mightKeep: (kind) => places.has(inGroup(kind)),
    of(request, writer, known) {
      const reason = neverKept(request);
      if (reason !== undefined) return { refuse: reason };
      const place = placeOf(request);
      const asked = { request, writer, known, nodeName };
      const row = keeping.find((one) => one.of.includes(place) && one.verbs.includes(request.verb) && one.if(asked));
      if (row !== undefined) return { keep: row.keep, class: row.class, conflict: row.conflict };
      const never = whyNoRule(request.gvr);
      if (never !== undefined) return { refuse: inAnyCase(never) };
      if (request.verb === 'create' && admittedOnly.includes(place) && known.state !== 'present') {
        return { refuse: inAnyCase(`new ${place} are admitted there`) };
      }
      const conflict = byUser(request, known);
      if (typeof conflict === 'string') return { keep: 'durable', class: 'user', conflict };
      return { refuse: `${sentenceFor(place, request)} ${conflict.hint}`, isForWantOfRule: true };
    },
  };
}

/** Of these, rules allow changes only. */
const admittedOnly: readonly string[] = ['pods', 'nodes', 'persistentvolumeclaims'];

/** Why a rule for this kind could never allow anything; undefined when it could. */
export function whyNoRule(kind: { readonly group: string; readonly resource: string }): string | undefined {
  const { group, resource } = kind;
  if (`${group}/${resource}` === 'coordination.k8s.io/leases') {
    return 'a Lease other than that of this node is never renewed offline: two holders at once would be worse than none';
  }
  const reason = kindNeverKept(kind);
  if (reason !== undefined) return `this is never done offline: ${reason}`;
  if (hasRules(kind)) return undefined;
  return `writes to ${group === '' ? resource : `${resource}.${group}`} are never kept offline: what is written there is defaulted, validated and admitted by the cloud`;
}

function sentenceFor(place: string, { verb, namespace }: WriteRequest): string {
  const where = namespace === '' ? '' : ` in namespace ${namespace}`;
  return `the cloud is not reachable, and the ${verb} of ${place}${where} is not kept offline.`;
}

function placeOf({ gvr, subresource }: Pick<WriteRequest, 'gvr' | 'subresource'>): string {
  return subresource === '' ? inGroup(gvr) : `${inGroup(gvr)}/${subresource}`;
}

function inGroup({ group, resource }: { readonly group: string; readonly resource: string }): string {
  return group === '' ? resource : `${group}/${resource}`;
}

function withoutSubresource(place: string): string {
  return place.replace(/\/status$/, '');
}

function bodyOf(request: WriteRequest): JsonObject {
  return isJsonObject(request.body) ? request.body : {};
}

function nameOf(request: WriteRequest): string {
  return request.verb === 'create' ? textOf(metadataOf(bodyOf(request)), 'name') : request.name;
}

/** Held by the node before and after: whoever else holds it is a sign that something is wrong. */
function isOwnNodeLease(asked: Asked): boolean {
  const { request, known, nodeName } = asked;
  if (request.namespace !== 'kube-node-lease' || !ofOwnName(asked)) return false;
  const holderAfter = own(childOf(bodyOf(request), 'spec'), 'holderIdentity');
  const isHeldAfter = holderAfter === nodeName || (request.verb === 'patch' && holderAfter === undefined);
  const holder = known.state === 'present' ? textOf(childOf(known.object, 'spec'), 'holderIdentity') : '';
  return isHeldAfter && request.patchType !== 'json' && (holder === '' || holder === nodeName);
}

function isOwnMirrorPod({ request, writer, nodeName }: Asked): boolean {
  const pod = bodyOf(request);
  return writer.isNode && isMirrorPod(pod) && textOf(childOf(pod, 'spec'), 'nodeName') === nodeName;
}
