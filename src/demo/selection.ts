// Which objects of a kind a request is about: namespace, label selector, field selector.

import { type FieldSelector, parseFieldSelector } from '../apimachinery/field-selector.ts';
import { supportedFields } from '../apimachinery/fields.ts';
import { parseLabelSelector } from '../apimachinery/label-selector.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { badRequest } from '../apimachinery/status.ts';
import type { ResourceDefinition } from './resource-definitions.ts';
import type { StoredObject } from './stored-object.ts';

export interface Selection {
  /** '' for all. */
  readonly namespace: string;
  /** No selectors: everything in the namespace. */
  readonly isEverything: boolean;
  matches(object: StoredObject): boolean;
}

/** Throws BadRequest for selectors that cannot be read or ask for a field the kind does not offer. */
export function selectionOf(definition: ResourceDefinition, info: RequestInfo): Selection {
  const labels = parseLabelSelector(info.query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(info.query.get('fieldSelector') ?? '');
  checkFields(definition, fields);
  const namespace = definition.isNamespaced ? info.namespace : '';
  if (info.name !== '' && !fields.isEmpty && fields.exactName !== info.name) {
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  }
  return {
    namespace,
    isEverything: labels.isEmpty && fields.isEmpty && info.name === '',
    matches: (object) =>
      (namespace === '' || object.namespace === namespace) &&
      (info.name === '' || object.name === info.name) &&
      labels.matches(object.labels) &&
      fields.matches(object.fields),
  };
}

function checkFields(definition: ResourceDefinition, selector: FieldSelector): void {
  const supported = supportedFields(definition.gvr);
  for (const { field } of selector.requirements) {
    if (supported?.has(field) || field === 'metadata.name' || field === 'metadata.namespace') continue;
    if (supported !== undefined || definition.encoding === 'unstructured')
      throw badRequest(`field label not supported: ${field}`);
    throw badRequest(
      `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    );
  }
}
