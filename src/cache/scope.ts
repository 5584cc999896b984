// A scope is one question that can be asked as a LIST or a WATCH: resource, namespace, selectors. Two requests with
// the same scope get the same objects, so they share one reflector, one snapshot and one event ring.
import { type FieldSelector, parseFieldSelector, selectName } from '../apimachinery/field-selector.ts';
import { isReadableField } from '../apimachinery/fields.ts';
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import { type LabelSelector, parseLabelSelector } from '../apimachinery/label-selector.ts';
import type { ObjectIndex } from '../apimachinery/object.ts';
import { selectorCovers } from '../apimachinery/selector-covers.ts';

export interface Scope {
  /** Canonical text; equal scopes have equal ids. */
  readonly id: string;
  readonly gvr: GroupVersionResource;
  /** Empty for all namespaces and for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
}

export interface ScopeText {
  readonly gvr: GroupVersionResource;
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

/** @throws StatusError 400 when a selector cannot be parsed. */
export function scopeOf(text: ScopeText): Scope {
  const labels = parseLabelSelector(text.labelSelector);
  const fields = parseFieldSelector(text.fieldSelector);
  const id = `${gvrKey(text.gvr)}|${encodeURIComponent(text.namespace)}|${labels}|${fields}`;
  return { id, gvr: text.gvr, namespace: text.namespace, labels, fields };
}

/** One object, by its name. */
export function scopeOfObject(gvr: GroupVersionResource, namespace: string, name: string): Scope {
  const fields = selectName(name);
  const id = `${gvrKey(gvr)}|${encodeURIComponent(namespace)}||${fields}`;
  return { id, gvr, namespace, labels: everyLabel, fields };
}

const everyLabel = parseLabelSelector('');

export function scopeText(scope: Scope): ScopeText {
  return {
    gvr: scope.gvr,
    namespace: scope.namespace,
    labelSelector: scope.labels.toString(),
    fieldSelector: scope.fields.toString(),
  };
}

/** True when every object of `narrower` is provably in `wider`. */
export function scopeCovers(wider: Scope, narrower: Scope): boolean {
  if (wider.id === narrower.id) return true;
  if (gvrKey(wider.gvr) !== gvrKey(narrower.gvr)) return false;
  if (wider.namespace !== '' && wider.namespace !== narrower.namespace) return false;
  return selectorCovers(wider, narrower);
}

export function scopeMatches(scope: Scope, object: ObjectIndex): boolean {
  if (scope.namespace !== '' && scope.namespace !== object.namespace) return false;
  return scope.labels.matches(object.labels) && scope.fields.matches(object.fields);
}

/** True when the fields that the scope selects by are kept of each object, so that membership can be worked out here. */
export function canDecide(scope: Scope): boolean {
  return scope.fields.requirements.every(({ field }) => isReadableField(scope.gvr, field));
}

/** True when `narrower` can be answered by filtering what is kept of `wider`. */
export function canAnswer(wider: Scope, narrower: Scope): boolean {
  return wider.id === narrower.id || (scopeCovers(wider, narrower) && canDecide(narrower));
}

/** URL path of the collection, without query. */
export function collectionPath(gvr: GroupVersionResource, namespace: string): string {
  const root = gvr.group === '' ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  return namespace === '' ? `${root}/${gvr.resource}` : `${root}/namespaces/${namespace}/${gvr.resource}`;
}

/** Path and query of a LIST or WATCH of this scope with further parameters. */
export function scopeRequestPath(scope: Scope, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters);
  if (!scope.labels.isEmpty) query.set('labelSelector', scope.labels.toString());
  if (!scope.fields.isEmpty) query.set('fieldSelector', scope.fields.toString());
  const text = query.toString();
  return collectionPath(scope.gvr, scope.namespace) + (text === '' ? '' : `?${text}`);
}
