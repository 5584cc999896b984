import { readFileSync } from 'node:fs';
import test from 'ava';
import { findMissingProofs, readInvariants, testTitles } from './support/specification.ts';

const root = new URL('..', import.meta.url).pathname;

function read(file: string): string | undefined {
  try {
    return readFileSync(`${root}${file}`, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

test('every invariant of SPEC.md names tests that exist', (t) => {
  const invariants = readInvariants(read('SPEC.md')!);
  t.true(invariants.length > 20);
  t.deepEqual(findMissingProofs(invariants, read), []);
});

test('an invariant without a test, or with one that is not there or does not run, is found', (t) => {
  const page = [
    '# Page\n',
    '### R1. One\n\n- `a.test.ts`: a real title',
    '### R2. Two\n\nwords',
    '### R3. Three\n\n- `gone.test.ts`: a real title',
    '### R3. Again\n\n- `a.test.ts`: a real titl',
    '### R4. Four\n\n- `a.test.ts`: skipped\n- `a.test.ts`: commented',
  ].join('\n');
  const source = `test('a real title', (t) => accept('*/*'));\ntest.skip('skipped', () => {});\n// test('commented', () => {});`;
  t.deepEqual(
    findMissingProofs(readInvariants(page), (file) => (file === 'a.test.ts' ? source : undefined)),
    [
      'R3 is there twice',
      'R2 names no test',
      'R3: there is no gone.test.ts',
      'R3: a.test.ts has no test "a real titl"',
      'R4: a.test.ts has no test "skipped"',
      'R4: a.test.ts has no test "commented"',
    ],
  );
});

test('titles are read in every kind of quotes', (t) => {
  const source = `test('it\\'s', () => {});\ntest("a \\"b\\"", () => {});\ntest.serial(\n  \`c\`, () => {});\nobject.test('no');`;
  t.deepEqual(testTitles(source), [`it's`, 'a "b"', 'c']);
});
