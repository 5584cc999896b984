// What is the last that this caller can be told of an object: the copy in a scope, or the answer that it was given by name
// after the scope's stream had broken? The later one, so that nobody is told less than the hub has shown him before. Pure.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';

export interface Sight {
  /** undefined: the object was seen not to be there. */
  readonly body: Buffer | undefined;
  /** '' when absent. */
  readonly resourceVersion: string;
  readonly ageMs: number;
}

/** Two sights of the object: by version where both have one, else by age. */
export function newestSight(inScope: Sight | undefined, byName: Sight | undefined): Sight | undefined {
  if (inScope === undefined || byName === undefined) return inScope ?? byName;
  if (inScope.resourceVersion !== '' && byName.resourceVersion !== '') {
    return compareResourceVersion(byName.resourceVersion, inScope.resourceVersion) > 0 ? byName : inScope;
  }
  return byName.ageMs < inScope.ageMs ? byName : inScope;
}
