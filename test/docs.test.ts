import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { renderedPages } from '../scripts/rendered-pages.ts';
import { commands } from '../src/cli/commands.ts';
import { errorCatalogue } from '../src/hub/error-catalogue.ts';
import { options } from '../src/hub/options.ts';
import { parseOptions } from '../src/hub/parse-options.ts';
import { findErrorCodes } from './support/error-codes.ts';
import { healthyStatus } from './support/hub-status.ts';

const root = new URL('..', import.meta.url).pathname;
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const markdown = globSync(['*.md', 'docs/**/*.md', 'storage/*.md', 'src/*/*.md'], { cwd: root });
const surroundings = { directory: '/', homeDirectory: '/root', hostName: 'edge-7', isRoot: true };

test('the pages that come from tables say what the tables say', (t) => {
  for (const [file, text] of Object.entries(renderedPages())) t.is(read(file), text, `${file}: run \`npm run docs\``);
});

test('every error code in the code is in the catalogue, and every one in the catalogue is in the code', (t) => {
  const files = globSync('{src,storage}/**/*.ts', { cwd: root }).filter((file) => !file.startsWith('src/demo/'));
  const used = new Set(
    files
      .filter((file) => !/\/(error-catalogue|\w+-errors)\.ts$/.test(file))
      .flatMap((file) => findErrorCodes(read(file))),
  );
  const known = new Set(Object.keys(errorCatalogue));
  t.deepEqual(
    [...used].filter((code) => !known.has(code)).sort(),
    [],
    'codes without a row in src/hub/error-catalogue.ts',
  );
  t.deepEqual([...known].filter((code) => !used.has(code)).sort(), [], 'rows in src/hub/errors.ts without a code');
});

test('every check of the doctor has its line in docs/doctor.md, and every line its check', (t) => {
  const code = globSync(['src/hub/doctor/*.ts', 'src/cli/doctor*.ts'], { cwd: root }).map(read).join('\n');
  const inCode = [...code.matchAll(/check: '([a-z-]+)'/g), ...code.matchAll(/find\(\s*'\w+',\s*'([a-z-]+)'/g)];
  const inPage = [...read('docs/doctor.md').matchAll(/^\| `([a-z-]+)` \|/gm)];
  const names = (matches: RegExpExecArray[]): string[] => [...new Set(matches.map(([, name]) => name!))].sort();
  t.deepEqual(names(inPage), names(inCode));
});

test('an error code is found however it is written', (t) => {
  t.deepEqual(
    findErrorCodes(`
      readonly code = 'HOLDFAST_ONE';
      override readonly code: Code = 'OTHER_TWO';
      | 'HOLDFAST_THREE' throw new E('HOLDFAST_FOUR', 'x'); super('STORAGE_FIVE');
      process.env.HOLDFAST_NO; text = 'HOLDFAST_ or so'; code = 'lower';`).sort(),
    ['HOLDFAST_FOUR', 'HOLDFAST_ONE', 'HOLDFAST_THREE', 'OTHER_TWO', 'STORAGE_FIVE'],
  );
});

test('every configuration shown in the documentation is understood', (t) => {
  let shown = 0;
  for (const file of markdown) {
    for (const [, text] of read(file).matchAll(/```yaml\n(# \/etc\/holdfast[\s\S]*?)```/g)) {
      shown++;
      const content: unknown = parse(text!);
      t.notThrows(() =>
        parseOptions(
          options,
          { flags: [], environment: {}, file: { path: file, directory: '/', content } },
          surroundings,
        ),
      );
    }
  }
  t.true(shown > 0);
});

test('every option and command that the documentation names exists', (t) => {
  const flags = new Set([
    'help',
    ...commands.flatMap((command) => Object.values(command.options).map(({ flag }) => flag)),
  ]);
  for (const file of markdown) {
    for (const [line, words] of read(file).matchAll(/(?:^|`)(?:npx )?holdfast ((?:[a-z]+ ?)+)([^`\n]*)/gm)) {
      const command = commands.find(({ name }) => `${words!.trim()} `.startsWith(`${name} `));
      t.truthy(command, `${file}: ${line}`);
      for (const [, flag] of line.matchAll(/ --([a-z-]+)/g)) t.true(flags.has(flag!), `${file}: --${flag}`);
    }
  }
});

test('every link between pages leads to a file that exists', (t) => {
  for (const file of markdown) {
    for (const [, target] of read(file).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      t.true(existsSync(join(root, dirname(file), target!)), `${file} → ${target}`);
    }
  }
});

test('every npm script that the documentation names exists', (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const file of markdown) {
    for (const [, script] of read(file).matchAll(/npm run ([a-z0-9:]+)/g))
      t.true(script! in scripts, `${file}: npm run ${script}`);
  }
});

test('the status that the documentation shows has the shape that the hub gives', (t) => {
  const shown = /```json\n([\s\S]*?)```/.exec(read('docs/status.md'))?.[1];
  t.deepEqual(JSON.parse(shown ?? ''), healthyStatus);
});
