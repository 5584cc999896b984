// A Kubernetes object as plain JSON, and the bytes a kube-apiserver would write for it. Typed kinds come out as Go
// encodes structs (kind and apiVersion first, then metadata, fields in struct order as the writer gave them, maps sorted);
// custom resources come out as Go encodes maps (every key sorted).

export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: readonly unknown[];
  finalizers?: readonly string[];
  managedFields?: readonly unknown[];
}

export interface Document {
  kind: string;
  apiVersion: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** What a client may send: metadata as far as it knows it. */
export interface DraftDocument {
  kind?: string;
  apiVersion?: string;
  metadata?: Partial<ObjectMeta>;
  [field: string]: unknown;
}

export type Encoding = 'typed' | 'unstructured';

const metadataOrder: readonly string[] = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

/** Fields that are Go maps and therefore come out sorted in any kind. */
const mapFields: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'matchLabels',
  'nodeSelector',
  'data',
  'binaryData',
  'stringData',
  'capacity',
  'allocatable',
  'requests',
  'limits',
  'fieldsV1',
]);

/** Bytes without a trailing newline. */
export function encodeDocument(document: Document, encoding: Encoding): Buffer {
  return Buffer.from(goEscape(JSON.stringify(orderedDocument(document, encoding))));
}

export function orderedDocument(document: Document, encoding: Encoding): unknown {
  if (encoding === 'unstructured') return sortKeys(document);
  const { kind, apiVersion, metadata, ...rest } = document;
  return { kind, apiVersion, metadata: orderMetadata(metadata), ...(sortMaps(rest) as object) };
}

function orderMetadata(metadata: ObjectMeta): Record<string, unknown> {
  const source = metadata as unknown as Record<string, unknown>;
  const ordered: Record<string, unknown> = {};
  for (const key of metadataOrder) {
    if (source[key] !== undefined) ordered[key] = sortMaps({ [key]: source[key] })[key];
  }
  return ordered;
}

function sortMaps<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortMaps) as T;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    mapFields.has(key) ? sortKeys(inner) : sortMaps(inner),
  ]);
  return Object.fromEntries(entries) as T;
}

export function sortKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortKeys) as T;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sortKeys(inner)]);
  return Object.fromEntries(entries) as T;
}

/** Go's encoder escapes what could break out of HTML or JavaScript. */
export function goEscape(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Bytes of any JSON value the way Go writes them, without a trailing newline. */
export function encodeJson(value: unknown): Buffer {
  return Buffer.from(goEscape(JSON.stringify(value)));
}
