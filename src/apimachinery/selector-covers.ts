// When may a narrower question be answered by filtering what a wider one holds? Only when it is provable: every condition
// of the wider selector is also a condition of the narrower one. A no here may still be a true superset; then we ask.

import type { FieldSelector } from './field-selector.ts';
import type { LabelSelector } from './label-selector.ts';

export interface Selectors {
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
}

/** True only if everything that `narrower` selects is selected by `wider`. */
export function selectorCovers(wider: Selectors, narrower: Selectors): boolean {
  return isWithin(wider.labels, narrower.labels) && isWithin(wider.fields, narrower.fields);
}

function isWithin(
  wider: { readonly requirements: readonly { readonly text: string }[] },
  narrower: { readonly requirements: readonly { readonly text: string }[] },
): boolean {
  return wider.requirements.every(({ text }) => narrower.requirements.some((one) => one.text === text));
}
