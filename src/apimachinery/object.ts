// One Kubernetes object as the node keeps it: the JSON text exactly as it came, and the few words that keys and selectors
// need. The text is parsed once to read those words and never written again from the parsed form, so integers above 2^53,
// unknown fields and field order survive. Each object owns its bytes: keeping one never keeps the response it came in.

import { readFields } from './fields.ts';
import type { GroupVersionResource } from './group-version-resource.ts';

export interface ObjectIndex {
  /** '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** '' only for the virtual objects that have none (metrics, component status). */
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Supported field selectors with their values, see fields.ts. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface KubernetesObject extends ObjectIndex {
  /** `${namespace}/${name}` */
  readonly key: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** The whole JSON text with kind and apiVersion, without blanks around it. */
  readonly body: Buffer;
  /**
   * Inside a List of its kind stands `{` and what comes from here on in `body`: Go's typed encoder leaves kind and
   * apiVersion out there. 0: the whole `body` as it is.
   */
  readonly itemStart: number;
}

/** The text is not a Kubernetes object. `cause` is the JSON error where there is one. */
export class MalformedObjectError extends Error {
  readonly code = 'MALFORMED_OBJECT';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MalformedObjectError';
  }
}

/** Reads an object from the answer to a GET or from a watch event. Throws MalformedObjectError. */
export function readObject(gvr: GroupVersionResource, body: Buffer): KubernetesObject {
  const trimmed = trimBlanks(body);
  const object = parseObject(gvr, trimmed);
  const { kind, apiVersion } = object;
  if (typeof kind !== 'string' || kind === '' || typeof apiVersion !== 'string' || apiVersion === '') {
    throw new MalformedObjectError(`an object of ${gvr.resource} carries no kind or no apiVersion`);
  }
  return keep(gvr, object, { kind, apiVersion }, ownCopy([trimmed]));
}

/**
 * Reads one item of a LIST. An item of a built-in kind takes kind and apiVersion from its list ('PodList' makes 'Pod'); an
 * item that carries its own keeps them. Throws MalformedObjectError.
 */
export function readListItem(
  gvr: GroupVersionResource,
  item: Buffer,
  list: { readonly kind: string; readonly apiVersion: string },
): KubernetesObject {
  const trimmed = trimBlanks(item);
  const object = parseObject(gvr, trimmed);
  const { kind, apiVersion } = object;
  if (typeof kind === 'string' && kind !== '' && typeof apiVersion === 'string' && apiVersion !== '') {
    return keep(gvr, object, { kind, apiVersion }, ownCopy([trimmed]));
  }
  if (kind !== undefined || apiVersion !== undefined) {
    throw new MalformedObjectError(`an item of ${list.kind} carries only one of kind and apiVersion`);
  }
  const itemKind = list.kind.endsWith('List') ? list.kind.slice(0, -'List'.length) : '';
  if (itemKind === '' || list.apiVersion === '') {
    throw new MalformedObjectError(`an item carries no kind, and its list '${list.kind}' does not tell one`);
  }
  const type = { kind: itemKind, apiVersion: list.apiVersion };
  return keep(gvr, object, type, ownCopy([typedHead(type), COMMA, trimmed.subarray(1)]));
}

const COMMA = Buffer.from(',');

/** How Go's typed encoder begins an object, up to before the comma. */
function typedHead({ kind, apiVersion }: { kind: string; apiVersion: string }): Buffer {
  return Buffer.from(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)}`);
}

function keep(
  gvr: GroupVersionResource,
  object: Record<string, unknown>,
  type: { kind: string; apiVersion: string },
  body: Buffer,
): KubernetesObject {
  const metadata = object.metadata;
  if (typeof metadata !== 'object' || metadata === null) {
    throw new MalformedObjectError(`an object of ${gvr.resource} carries no metadata`);
  }
  const namespace = textOf(metadata, 'namespace');
  const name = textOf(metadata, 'name');
  if (name === '') throw new MalformedObjectError(`an object of ${gvr.resource} carries no metadata.name`);
  const head = typedHead(type);
  const isTyped = body[head.length] === COMMA[0] && body.subarray(0, head.length).equals(head);
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: textOf(metadata, 'uid'),
    resourceVersion: textOf(metadata, 'resourceVersion'),
    labels: labelsOf(metadata),
    fields: readFields(gvr, object),
    apiVersion: type.apiVersion,
    kind: type.kind,
    body,
    itemStart: isTyped ? head.length + 1 : 0,
  };
}

function parseObject(gvr: GroupVersionResource, text: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch (cause) {
    throw new MalformedObjectError(`an object of ${gvr.resource} is not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedObjectError(`an object of ${gvr.resource} is JSON, but no object`);
  }
  return value as Record<string, unknown>;
}

function textOf(metadata: object, key: string): string {
  const value = (metadata as Record<string, unknown>)[key];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new MalformedObjectError(`metadata.${key} is no string`);
  return value;
}

function labelsOf(metadata: object): Record<string, string> {
  const labels = (metadata as Record<string, unknown>).labels ?? {};
  if (typeof labels !== 'object' || Array.isArray(labels)) throw new MalformedObjectError('metadata.labels is no map');
  for (const [key, value] of Object.entries(labels)) {
    if (typeof value !== 'string') throw new MalformedObjectError(`the label '${key}' is no string`);
  }
  return labels as Record<string, string>;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function trimBlanks(text: Buffer): Buffer {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.subarray(start, end);
}

/** One allocation of exactly the right size, shared with nobody. */
function ownCopy(parts: readonly Buffer[]): Buffer {
  const whole = Buffer.allocUnsafeSlow(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) offset += part.copy(whole, offset);
  return whole;
}
