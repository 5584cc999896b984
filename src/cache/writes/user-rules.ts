// What users allow to be written offline (`--offline-writes`): by resource, namespace and labels.
import { isJsonObject, type JsonObject } from '../../apimachinery/json.ts';
import { type LabelSelector, parseLabelSelector } from '../../apimachinery/label-selector.ts';
import { StatusError } from '../../apimachinery/status.ts';
import { metadataOf, textsOf } from './object-view.ts';
import { checkPatchType, patchObject } from './patch-object.ts';
import type { Known, WriteRequest } from './write-request.ts';

export type ConflictPolicy = 'edge-wins' | 'cloud-wins' | 'park';

export interface UserWriteRule {
  /** '' for the core group. */
  readonly group: string;
  /** Plural. */
  readonly resource: string;
  /** Absent: every namespace, and what has none. */
  readonly namespaces?: readonly string[];
  /** A label selector: what stands there must match, and what will. */
  readonly labels?: string;
  readonly conflict: ConflictPolicy;
}

/** The end of a refusal: which setting would allow the write. */
export interface Hint {
  readonly hint: string;
}

interface PreparedRule extends UserWriteRule {
  readonly selector: LabelSelector | undefined;
}

/**
 * The conflict policy of the first rule that fits, or a hint.
 * @throws StatusError 400 for a label selector that cannot be read
 */
export function userRules(
  rules: readonly UserWriteRule[],
): (request: WriteRequest, known: Known) => ConflictPolicy | Hint {
  const prepared = rules.map((rule): PreparedRule => {
    const selector = rule.labels === undefined ? undefined : parseLabelSelector(rule.labels);
    return { ...rule, selector };
  });
  return (request, known) => {
    const { group, resource } = request.gvr;
    const ofKind = prepared.filter((rule) => rule.group === group && rule.resource === resource);
    const here = ofKind.filter(({ namespaces }) => namespaces?.includes(request.namespace) ?? true);
    const fitting = here.find(({ selector }) => selector === undefined || selects(selector, request, known));
    return fitting?.conflict ?? { hint: hintFor(request, ofKind, here) };
  };
}

function selects(selector: LabelSelector, request: WriteRequest, known: Known): boolean {
  const isFitting = (object: JsonObject) => selector.matches(Object.fromEntries(textsOf(metadataOf(object), 'labels')));
  const { body, verb } = request;
  if (verb === 'create') return isJsonObject(body) && isFitting(body);
  if (known.state !== 'present') return known.state === 'absent'; // a 404, whatever is allowed
  if (!isFitting(known.object)) return false;
  if (verb === 'update') return isJsonObject(body) && isFitting(body);
  return verb !== 'patch' || isFittingPatch(request, known.object, isFitting);
}

function isFittingPatch(
  request: WriteRequest,
  object: JsonObject,
  isFitting: (object: JsonObject) => boolean,
): boolean {
  try {
    checkPatchType(request);
    return isFitting(patchObject(request, object).object);
  } catch (error) {
    // A patch that cannot be put on the object is refused in its own words when the write is computed.
    if (error instanceof StatusError) return true;
    throw error;
  }
}

function hintFor(
  { gvr, namespace }: WriteRequest,
  ofKind: readonly UserWriteRule[],
  here: readonly UserWriteRule[],
): string {
  const kind = gvr.group === '' ? gvr.resource : `${gvr.group}/${gvr.resource}`;
  if (here.length > 0) {
    const selectors = here.map(({ labels }) => JSON.stringify(labels)).join(' or ');
    return `--offline-writes takes only ${kind} with labels ${selectors}, before the write and after it.`;
  }
  if (ofKind.length > 0) {
    return `--offline-writes for ${kind} does not list the namespace ${JSON.stringify(namespace)}.`;
  }
  const where = namespace === '' ? '' : `;namespace=${namespace}`;
  return `The setting --offline-writes '${kind}${where}' would allow it.`;
}
