import { globSync, readFileSync } from 'node:fs';
import test from 'ava';
import { findWrongImports, importsOf, roomOf } from './support/import-arrows.ts';

const root = new URL('..', import.meta.url).pathname;

test('no arrow between the rooms points the wrong way', (t) => {
  const files = globSync('{src,storage}/**/*.{ts,mts,cts,js,mjs,cjs}', { cwd: root });
  t.true(files.length > 100, `only ${files.length} files were read`);
  const wrong = files.flatMap((file) => findWrongImports(file, readFileSync(`${root}${file}`, 'utf8')));
  t.deepEqual(
    wrong.map(({ file, specifier, rule }) => `${file}: ${specifier}: ${rule}`),
    [],
  );
});

const rules = (file: string, source: string) => findWrongImports(file, source).map(({ rule }) => rule);

test('a planted wrong arrow is found, however it is written', (t) => {
  for (const source of [
    `import { x } from '../hub/x.ts';`,
    `import type { x } from '../hub/x.ts';`,
    `import {\n  type x,\n  y,\n} from "../hub/x.ts";`,
    `import '../hub/x.ts';`,
    `export * from '../hub/x.ts';`,
    `export { x } from '../hub/x.ts';`,
    `const x = await import('../hub/x.ts');`,
    `let x: import('../hub/x.ts').X;`,
    `const x = require('../hub/x.ts');`,
    `const s = '// no comment'; import { x } from '../hub/x.ts';`,
  ]) {
    t.deepEqual(rules('src/cache/planted.ts', source), ['cache may not import hub'], source);
  }
});

test('each room may import what stands below it, and nothing else', (t) => {
  const arrow = (file: string, specifier: string) => rules(file, `import { x } from '${specifier}';`);
  for (const [file, specifier] of [
    ['src/main.ts', './hub/x.ts'],
    ['src/main.ts', './cli/x.ts'],
    ['src/cli/x.ts', '../demo/x.ts'],
    ['src/cli/x.ts', '../main.ts'],
    ['src/hub/x.ts', '../cache/x.ts'],
    ['src/hub/version.ts', '../../package.json'],
    ['src/hub/admin/x.ts', '../../../storage/x.ts'],
    ['src/cache/watch/x.ts', '../../apimachinery/x.ts'],
    ['src/cache/x.ts', '../../storage/x.ts'],
    ['src/demo/x.ts', '../apimachinery/x.ts'],
    ['storage/migrations/x.ts', '../record.ts'],
  ] as const) {
    t.deepEqual(arrow(file, specifier), [], `${file} ${specifier}`);
  }
  for (const [file, specifier] of [
    ['src/main.ts', './cache/x.ts'],
    ['src/cli/x.ts', '../../storage/x.ts'],
    ['src/hub/x.ts', '../main.ts'],
    ['src/hub/x.ts', '../demo/x.ts'],
    ['src/cache/x.ts', '../ipam/x.ts'],
    ['src/network/x.ts', '../cache/x.ts'],
    ['src/demo/x.ts', '../../storage/x.ts'],
    ['src/apimachinery/x.ts', '../../storage/x.ts'],
    ['storage/x.ts', '../src/apimachinery/x.ts'],
    ['src/cache/x.ts', '../../test/support/x.ts'],
    ['src/hub/x.ts', '../lost.ts'],
  ] as const) {
    t.is(arrow(file, specifier).length, 1, `${file} ${specifier}`);
  }
});

test('level, undici and json-patch each have one place, client-node none', (t) => {
  t.deepEqual(rules('storage/x.ts', `import { Level } from 'level';`), []);
  t.deepEqual(rules('src/hub/upstream/x.ts', `import type { Pool } from 'undici';`), []);
  t.deepEqual(rules('src/apimachinery/patch/json-patch.ts', `import patch from 'json-patch';`), []);
  t.deepEqual(rules('src/cache/x.ts', `import { Level } from 'level';`), ['only storage/ imports level']);
  t.deepEqual(rules('src/hub/x.ts', `import type { Pool } from 'undici/types/pool';`), [
    'only src/hub/upstream/ imports undici',
  ]);
  t.deepEqual(rules('src/hub/upstream.ts', `import { Pool } from 'undici';`), [
    'only src/hub/upstream/ imports undici',
  ]);
  t.deepEqual(rules('src/cache/x.ts', `import patch from 'json-patch';`), [
    'only src/apimachinery/patch/json-patch.ts imports json-patch',
  ]);
  t.deepEqual(rules('src/hub/x.ts', `import type { V1Pod } from '@kubernetes/client-node';`), [
    '@kubernetes/client-node is for tests only',
  ]);
  t.deepEqual(rules('src/hub/x.ts', `import { x } from 'levels';`), []);
});

test('default exports and imports without .ts are found', (t) => {
  t.deepEqual(rules('src/hub/x.ts', 'export default 7;'), ['no default exports']);
  t.deepEqual(rules('src/hub/x.ts', 'export { x as default };'), ['no default exports']);
  t.deepEqual(rules('src/hub/x.ts', `import { x } from './y';`), ['imports end in .ts']);
  t.deepEqual(rules('src/hub/x.ts', `import { x } from './y.js';`), ['imports end in .ts']);
  t.deepEqual(rules('src/lost.ts', ''), ['a source file belongs to a room']);
});

test('what only looks like an import is none', (t) => {
  t.deepEqual(importsOf(`// import { x } from './a.ts';\n/* import('./b.ts') */\nconst text = 'a from b';`), []);
  t.deepEqual(importsOf(`import a from './a.ts'; // from './b.ts'\nimport './c.ts';`), ['./a.ts', './c.ts']);
  t.is(roomOf('src/hub/upstream/x.ts'), 'hub');
  t.is(roomOf('test/x.ts'), undefined);
});
