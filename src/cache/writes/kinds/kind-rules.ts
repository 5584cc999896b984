// How apiserver treats one kind: what a strategy is there (pkg/registry/*/strategy.go).
import type { JsonObject } from '../../../apimachinery/json.ts';
import type { FieldProblem } from '../field-problem.ts';

export interface KindRules {
  readonly isNamespaced: boolean;
  /** 'none': a write to /status is a 404. 'unknown': of a custom resource, before anybody looked. */
  readonly statusSubresource: 'own' | 'none' | 'unknown';
  readonly allowsUnconditionalUpdate: boolean;
  readonly allowsCreateOnUpdate: boolean;
  /** Deletion knows grace, finalizers of the garbage collector, and what the answer is. */
  readonly deletion: {
    readonly graceSeconds?: (object: JsonObject, asked: number | undefined) => number;
    readonly takesPropagation: boolean;
    readonly answer: 'object' | 'status';
  };
  /** A create of something nobody looked up may go on: nobody else would use its name. */
  readonly isNamedUniquely?: (object: JsonObject) => boolean;
  /** @throws StatusError 503 where a create of this kind cannot be judged */
  readonly prepareCreate: (object: JsonObject) => JsonObject;
  readonly createProblems: (object: JsonObject) => readonly FieldProblem[];
  /**
   * The object as it will be, with what this subresource may not touch put back.
   * @throws StatusError 503 where the update cannot be judged
   */
  readonly prepareUpdate: (after: JsonObject, before: JsonObject, subresource: string) => JsonObject;
  /** @param given the new object as it came, before it was read by its type */
  readonly updateProblems: (
    after: JsonObject,
    before: JsonObject,
    subresource: string,
    given: JsonObject,
  ) => readonly FieldProblem[];
}

export const asItStands = (object: JsonObject): JsonObject => object;
