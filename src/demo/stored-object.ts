// One revision of one object: its document, its bytes, and what selectors look at. Never changed once made.

import { readFields } from '../apimachinery/fields.ts';
import { type Document, encodeDocument } from './document.ts';
import type { ResourceDefinition } from './resource-definitions.ts';

export interface StoredObject {
  readonly definition: ResourceDefinition;
  readonly namespace: string;
  readonly name: string;
  /** As etcd orders keys: 'namespace/name', or 'name' for cluster-scoped kinds. */
  readonly key: string;
  readonly revision: number;
  readonly document: Document;
  /** Full JSON without a trailing newline. */
  readonly body: Buffer;
  /** The same as it stands inside a List: typed kinds leave kind and apiVersion out. */
  readonly item: Buffer;
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

export function objectKey(definition: ResourceDefinition, namespace: string, name: string): string {
  return definition.isNamespaced ? `${namespace}/${name}` : name;
}

/** Takes ownership of the document. */
export function storedObject(definition: ResourceDefinition, document: Document, revision: number): StoredObject {
  const stamped: Document = { ...document, metadata: { ...document.metadata, resourceVersion: String(revision) } };
  const { name, namespace = '', labels = {} } = stamped.metadata;
  const body = encodeDocument(stamped, definition.encoding);
  return {
    definition,
    namespace,
    name,
    key: objectKey(definition, namespace, name),
    revision,
    document: stamped,
    body,
    item: definition.encoding === 'typed' ? withoutTypeMeta(stamped, body) : body,
    labels,
    fields: readFields(definition.gvr, stamped),
  };
}

/** The same object with another resourceVersion, as DELETED events carry it. */
export function atRevision(stored: StoredObject, revision: number): StoredObject {
  return storedObject(stored.definition, stored.document, revision);
}

function withoutTypeMeta({ kind, apiVersion }: Document, body: Buffer): Buffer {
  const typeMetaLength = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`.length;
  return Buffer.concat([Buffer.from('{'), body.subarray(typeMetaLength)]);
}
