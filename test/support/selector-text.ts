// Any text for a parser, most of it of the pieces that the parser knows.
import fc from 'fast-check';
import { StatusError } from '../../src/apimachinery/status.ts';

/** @throws what it throws but a Status of 400 */
export function expectRefusalsOnly(parse: (text: string) => unknown, pieces: readonly string[]): void {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (one) => {
      try {
        parse(one);
      } catch (error) {
        if (!(error instanceof StatusError) || error.status.code !== 400) throw error;
      }
    }),
    { numRuns: 500 },
  );
}
