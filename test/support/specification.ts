// SPEC.md as data: invariants, and the tests each of them names. Pure.
import { withoutComments } from './without-comments.ts';

export interface Invariant {
  readonly number: string;
  readonly sentence: string;
  readonly proofs: readonly { readonly file: string; readonly title: string }[];
}

/** Headings `### R1. Sentence`, and below each the lines `` - `test/file.test.ts`: title ``. */
export function readInvariants(page: string): Invariant[] {
  const sections = page.split(/^### /m).slice(1);
  return sections.map((section) => {
    const heading = /^([A-Z]\d+)\. (.+)$/m.exec(section);
    if (heading === null) throw new Error(`not "### R1. Sentence": ${section.slice(0, 60)}`);
    const proofs = [...section.matchAll(/^- `([^`]+)`: (.+)$/gm)].map(([, file, title]) => ({
      file: file!,
      title: title!,
    }));
    return { number: heading[1]!, sentence: heading[2]!, proofs };
  });
}

/** What is wrong with the proofs, a sentence each. `read` gives the text of a file, or undefined when there is none. */
export function findMissingProofs(
  invariants: readonly Invariant[],
  read: (file: string) => string | undefined,
): string[] {
  const numbers = invariants.map(({ number }) => number);
  const twice = numbers.filter((number, index) => numbers.indexOf(number) !== index);
  return [
    ...twice.map((number) => `${number} is there twice`),
    ...invariants.flatMap(({ number, proofs }) => {
      if (proofs.length === 0) return [`${number} names no test`];
      return proofs.flatMap(({ file, title }) => {
        const text = read(file);
        if (text === undefined) return [`${number}: there is no ${file}`];
        return testTitles(text).includes(title) ? [] : [`${number}: ${file} has no test "${title}"`];
      });
    }),
  ];
}

/** Titles of the tests that a file declares; skipped ones, to-dos and those in comments do not count. */
export function testTitles(source: string): string[] {
  const code = withoutComments(source);
  const declared =
    /(?<![\w.])(?:test(?:\.serial)?|onNode|withHostLocal|withBridge)\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g;
  return [...code.matchAll(declared)].map(([, single, double, template]) =>
    (single ?? double ?? template!).replace(/\\(.)/g, '$1'),
  );
}
