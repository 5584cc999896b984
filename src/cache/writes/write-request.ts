// A write as the API means it, decoded: what the caller read from the request line, the query and the body. Bytes, media
// types and protobuf are behind us here.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import type { JsonObject, JsonValue } from '../../apimachinery/json.ts';

export type WriteVerb = 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface WriteQuery {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  /** The cloud is to refuse fields that it does not know, and not to leave them out. */
  readonly isStrict?: boolean;
  /** As in the query of a DELETE without a body. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
}

export interface WriteRequest {
  readonly verb: WriteVerb;
  readonly gvr: GroupVersionResource;
  /** 'ConfigMap'. */
  readonly kind: string;
  readonly apiVersion: string;
  /** '' for what has no namespace. */
  readonly namespace: string;
  /** As in the URL: '' for a create. */
  readonly name: string;
  /** '' or 'status'; every other one is refused. */
  readonly subresource: string;
  /** The object (create, update), the patch, or DeleteOptions; undefined: no body. */
  readonly body: JsonValue | undefined;
  readonly patchType?: PatchType;
  /** Paths in the body that stand there more than once; none where nobody wants to hear of it. */
  readonly duplicates?: readonly string[];
  readonly query: WriteQuery;
}

/** What the node knows about the object that a write names. */
export type Known =
  | { readonly state: 'present'; readonly object: JsonObject }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown' };

export interface WriteContext {
  /** The one that the result gets; higher than any that was ever answered. */
  readonly resourceVersion: string;
  /** RFC 3339, whole seconds, UTC. */
  readonly now: string;
  readonly newUid: () => string;
  /** Five characters of bcdfghjklmnpqrstvwxz2456789. */
  readonly nameSuffix: () => string;
  /** Whether discovery shows a status subresource for a custom resource; undefined: nobody knows. */
  readonly customStatus?: boolean;
}

export interface ComputedWrite {
  /** 'none': nothing changed, and apiserver answers with the object as it is, same resourceVersion. */
  readonly op: 'create' | 'update' | 'delete' | 'none';
  /** 202: a deletion that waits for finalizers, asked for with `orphanDependents: false`. */
  readonly statusCode: 200 | 201 | 202;
  readonly before: JsonObject | undefined;
  /** undefined: gone. */
  readonly after: JsonObject | undefined;
  /** The object, or for a DELETE what apiserver gives for that kind: the deleted object or a Status. */
  readonly answer: JsonObject;
}
