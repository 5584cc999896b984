// What `fieldValidation` has to say of a body: refused by Strict, told in `Warning` headers else, in the apiserver's words.
import type { WriteRequest } from './write-request.ts';

export function fieldWarnings({ duplicates = [], patchType }: WriteRequest): readonly string[] {
  const prefix = patchType === 'json' ? 'json patch ' : '';
  return duplicates.map((path) => `${prefix}duplicate field ${JSON.stringify(path)}`);
}

/** Why a body is refused that is to be read strictly; undefined when it need not be. */
export function strictProblems(request: WriteRequest): string | undefined {
  const problems = request.query.isStrict === true ? fieldWarnings(request) : [];
  return problems.length === 0 ? undefined : `strict decoding error: ${problems.join(', ')}`;
}
